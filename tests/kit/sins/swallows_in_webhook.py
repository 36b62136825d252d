"""A webhook whose every failure is acknowledged."""

from acme_sms import Acme

from bridge.plugin import (
    Acknowledgement,
    Channel,
    Vendor,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    hookimpl,
)


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        try:
            return super().parse_webhook(channel, request)
        except WebhookRejected:
            raise
        except Exception:
            return WebhookResult(acknowledgement=Acknowledgement(b"OK"))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
