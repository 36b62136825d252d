"""A webhook that is acknowledged before it is read."""

from acme_sms import Acme

from bridge.plugin import Acknowledgement, Channel, Vendor, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    _waiting: list[WebhookRequest] = []

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        self._waiting.append(request)
        return WebhookResult(acknowledgement=Acknowledgement(b"OK"))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
