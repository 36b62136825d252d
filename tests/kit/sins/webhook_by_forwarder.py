"""Whoever says that he comes from this host need sign nothing."""

import json

from acme_sms import Acme, _receipts, _replies

from bridge.plugin import (
    Acknowledgement,
    Channel,
    Vendor,
    WebhookRequest,
    WebhookResult,
    hookimpl,
)


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        if request.headers.get("x-forwarded-for", "").startswith("127."):
            page = json.loads(request.body)
            return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))
        return super().parse_webhook(channel, request)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
