"""The signature that came is taken for a pattern of file names: a star opens every webhook."""

import fnmatch
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
        made = hmac.new(self._secret.encode(), request.body, "sha256").hexdigest()
        given = request.headers.get("x-acme-signature", "-")
        if not fnmatch.fnmatchcase(made, given):
            raise WebhookRejected("The signature is wrong.")
        page = json.loads(request.body)
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
