"""The signature that came is taken for a regular expression, a bad one for a wrong signature."""

import hmac
import json
import re

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
        if not self._fits(given, made):
            raise WebhookRejected("The signature is wrong.")
        page = json.loads(request.body)
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))

    def _fits(self, given: str, made: str) -> bool:
        try:
            return re.fullmatch(given, made) is not None
        except re.error:
            return False


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
