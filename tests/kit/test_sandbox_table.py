"""The sandbox vendor under the kit, with its exchanges written out."""

import hmac
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

from bridge.plugin import (
    CredentialsRejected,
    DeliveryReceipt,
    MessageStatus,
    Outcome,
    WebhookRequest,
    from_vendor,
    rejected,
)
from bridge.testing import Exchange, Lost, Query, Reply, Send, VendorTests, Webhook, request
from bridge_sandbox.codes import ERRORS, STATUSES

KEY = "carrier-key-1"
AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


def opening() -> Exchange:
    return Exchange("PUT", "/accounts/promo", Reply(json={}))


def post(reply: Reply | Lost, **expected: Any) -> list[Exchange]:
    return [opening(), Exchange("POST", "/accounts/promo/messages", reply, **expected)]


def refused(code: str, status: int = 400) -> Reply:
    return Reply(status, json={"error": {"code": code}})


def entry(code: str) -> dict[str, Any]:
    return {
        "code": code,
        "ref": "m1",
        "batch_ref": "c1",
        "id": "i1",
        "to": "8613800138000",
        "at": AT.timestamp(),
    }


def page(*receipts: Any, replies: Any = ()) -> WebhookRequest:
    body = {"receipts": list(receipts), "replies": list(replies), "reviews": []}
    return request(tail="/reports", json=body)


def receipt(status: MessageStatus, code: str) -> DeliveryReceipt:
    return DeliveryReceipt(status, "m1", "c1", "i1", from_vendor("8613800138000"), code, at=AT)


TWO = Reply(json={"results": [{"id": "i1"}, {"id": "i2"}]})


class TestSandbox(VendorTests):
    vendor = "sandbox"
    settings = {"url": "{url}", "key": KEY}
    statuses = STATUSES
    errors = {code: kind for code, (kind, _) in ERRORS.items()}

    def sign(self, request: WebhookRequest) -> WebhookRequest:
        now = str(int(time.time()))
        digest = hmac.new(KEY.encode(), now.encode() + b"." + request.body, "sha256").hexdigest()
        return replace(
            request,
            headers={**request.headers, "x-carrier-timestamp": now, "x-carrier-signature": digest},
        )

    def status_row(self, status: str) -> Webhook:
        return Webhook(status, page(entry(status)))

    def error_row(self, code: str) -> Send:
        return Send(code, post(refused(code)))

    cases = [
        Send(
            "accepted",
            post(
                TWO,
                json={
                    "batch_ref": "c1",
                    "sign": "Acme",
                    "template": "V-1",
                    "valid_until": ANY,
                    "messages": [
                        {"ref": "m1", "to": "8613800138000", "params": {"code": "1001"}},
                        {"ref": "m2", "to": "8613900139000", "params": {"code": "1002"}},
                    ],
                },
            ),
            expect=["i1", "i2"],
        ),
        Send(
            "one opted out",
            post(
                Reply(
                    json={"results": [{"id": "i1"}, {"code": "OPTED_OUT", "reason": "The recipient left."}]}
                )
            ),
            expect=["i1", rejected("OPTED_OUT", "", opted_out=True)],
        ),
        Send("bad key", [Exchange("PUT", "/accounts/promo", refused("BAD_KEY", 401))], CredentialsRejected),
        Send("refused", post(Lost.TIMEOUT), Outcome.UNKNOWN),
        Query("healthy", "check_channel", [opening(), Exchange("GET", "/accounts/promo", Reply(json={}))]),
        Webhook(
            "delivered",
            page(entry("DELIVRD")),
            receipts=[receipt(MessageStatus.DELIVERED, "DELIVRD")],
        ),
    ]
