"""A digest without a key: anybody can make it."""

import hashlib
import hmac
import json
from dataclasses import replace

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
        digest = hashlib.sha256(request.body).hexdigest().encode()
        given = request.headers.get("x-acme-signature", "").encode()
        if not hmac.compare_digest(digest, given):
            raise WebhookRejected("The signature is wrong.")
        try:
            page = json.loads(request.body)
        except ValueError:
            raise WebhookRejected("The body cannot be read.") from None
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


def _signed(self: object, request: WebhookRequest) -> WebhookRequest:
    digest = hashlib.sha256(request.body).hexdigest()
    return replace(request, headers={**request.headers, "x-acme-signature": digest})


TABLE = {"sign": _signed}
