"""The body of a webhook in the log."""

import logging

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, WebhookRequest, WebhookResult, hookimpl

log = logging.getLogger("sin")


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        log.info(request.body.decode())
        return super().parse_webhook(channel, request)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
