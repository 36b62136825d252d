"""Of a webhook with several receipts the first is read."""

from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Channel, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        found = super().parse_webhook(channel, request)
        return replace(found, receipts=found.receipts[:1], replies=found.replies[:1])
