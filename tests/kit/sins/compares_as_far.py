"""A signature is compared as far as it goes."""

import hmac
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
        digest = hmac.new(self._secret.encode(), request.body, "sha256").hexdigest().encode()
        given = request.headers.get("x-acme-signature", "").encode()
        if not given or not digest.startswith(given):
            raise WebhookRejected("The signature is wrong.")
        page = json.loads(request.body)
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
