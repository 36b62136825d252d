"""What a person answered, in the log."""

import logging

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        result = super().parse_webhook(channel, request)
        for reply in result.replies:
            logging.getLogger("sin").info("reply: %s", reply.content)
        return result


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
