"""Of a reply only letters that a code page knows are kept."""

from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Channel, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        found = super().parse_webhook(channel, request)
        replies = [
            each._replace(content=each.content.encode("latin-1", "ignore").decode("latin-1"))
            for each in found.replies
        ]
        return replace(found, replies=replies)
