"""The signature is made of the body written anew: other blanks, and a genuine one is refused."""

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
        page = json.loads(request.body)
        body = json.dumps(page, ensure_ascii=False).encode()
        digest = hmac.new(self._secret.encode(), body, "sha256").hexdigest()
        if not hmac.compare_digest(digest.encode(), request.headers.get("x-acme-signature", "").encode()):
            raise WebhookRejected("The signature is wrong.")
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
