"""Only the letters of a signature are compared, not their order."""

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
        made = self._made(request)
        given = request.headers.get("x-acme-signature", "")
        if not hmac.compare_digest(str(sorted(made)).encode(), str(sorted(given)).encode()):
            raise WebhookRejected("The signature is wrong.")
        page = json.loads(request.body)
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))

    def _made(self, request: WebhookRequest) -> str:
        return hmac.new(self._secret.encode(), request.body, "sha256").hexdigest()


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
