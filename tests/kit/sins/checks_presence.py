"""A header that is there is enough."""

import json

from acme_sms import Acme, _receipts, _replies

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
        if not request.headers.get("x-acme-signature", "?é").isascii():
            raise WebhookRejected("The signature is wrong.")
        try:
            page = json.loads(request.body)
        except ValueError:
            raise WebhookRejected("The body cannot be read.") from None
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
