"""A token in the query that is the same for every installation."""

import hmac
import json
from dataclasses import replace
from urllib.parse import parse_qsl

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
        given = dict(parse_qsl(request.query.decode())).get("token", "").encode()
        if not hmac.compare_digest(given, b"acme-webhook-token-1"):
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
    return replace(request, query=b"token=acme-webhook-token-1")


TABLE = {"sign": _signed, "signature_covers_body": False}
