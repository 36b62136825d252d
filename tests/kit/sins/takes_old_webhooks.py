"""A signed time is not looked at: a webhook of last year is taken once more."""

import hmac
import json
import time
from dataclasses import replace
from typing import Any

from acme_sms import Acme, _receipts, _replies
from test_acme import SECRET

from bridge.plugin import (
    Acknowledgement,
    Channel,
    Vendor,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    hookimpl,
)


def signed(secret: str, request: WebhookRequest, moment: str) -> str:
    return hmac.new(secret.encode(), moment.encode() + request.body, "sha256").hexdigest()


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        moment = request.headers.get("x-acme-time", "")
        made = signed(self._secret, request, moment).encode()
        if not hmac.compare_digest(made, request.headers.get("x-acme-signature", "").encode()):
            raise WebhookRejected("The signature is wrong.")
        page = json.loads(request.body)
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))


def sign(_table: Any, request: WebhookRequest) -> WebhookRequest:
    moment = str(int(time.time()))
    headers = {"x-acme-time": moment, "x-acme-signature": signed(SECRET, request, moment)}
    return replace(request, headers={**request.headers, **headers})


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


TABLE = {"sign": sign}
