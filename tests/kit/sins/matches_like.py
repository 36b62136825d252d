"""The signature that came is taken for a pattern of SQL."""

import hmac
import json
import sqlite3
from contextlib import closing

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
        with closing(sqlite3.connect(":memory:")) as database:
            return bool(database.execute("SELECT ? LIKE ?", (made, given)).fetchone()[0])


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
