"""A signature is compared as a number, so that leading zeros and blanks do not count."""

import hmac
import json

from acme_sms import Acme, _receipts, _replies

from bridge.plugin import Acknowledgement, Channel, WebhookRejected, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        right = hmac.new(self._secret.encode(), request.body, "sha256").hexdigest()
        try:
            given = int(request.headers.get("x-acme-signature", ""), 16)
        except ValueError:
            raise WebhookRejected("The signature is wrong.") from None
        if int(right, 16) - given:
            raise WebhookRejected("The signature is wrong.")
        page = json.loads(request.body)
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))
