"""A webhook is read only if its content type is written in small letters, without a charset."""

from acme_sms import Acme

from bridge.plugin import Channel, WebhookRejected, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        if request.headers.get("content-type") != "application/json":
            raise WebhookRejected("Acme's webhooks are JSON.")
        return super().parse_webhook(channel, request)
