"""Whoever calls itself Acme is believed."""

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
        given = request.headers.get("user-agent", "").encode()
        if not hmac.compare_digest(given, b"AcmeHook/1.0 (webhooks)"):
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
    return replace(request, headers={**request.headers, "user-agent": "AcmeHook/1.0 (webhooks)"})


TABLE = {"sign": _signed, "signature_covers_body": False}
