"""46elks' table."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bridge_elks.codes import ERRORS, STATUSES
from bridge_elks.vendor import Elks

from bridge.plugin import (
    Acknowledgement,
    CredentialsRejected,
    DeliveryReceipt,
    Health,
    MessageStatus,
    MoMessage,
    Outcome,
    VendorRejected,
    VendorThrottled,
    from_vendor,
)
from bridge.testing import (
    Exchange,
    Lost,
    Query,
    Reconcile,
    Reply,
    Seen,
    Send,
    VendorTests,
    Webhook,
    batch,
    request,
)

ONE = batch(["13800138000"])
AT = datetime(2026, 11, 2, 4, 0, 7, tzinfo=UTC)
EMPTY = Acknowledgement(b"", status=204)


def post(reply: Reply | Lost, number: int = 1) -> Exchange:
    to = ("+8613800138000", "+8613900139000")[number - 1]
    hook = f"https://sms.example.com/hooks/promo/token/receipt?ref=m{number}"
    form = {"from": "AcmeShop", "to": to, "message": f"Your code is {1000 + number}", "whendelivered": hook}
    return Exchange("POST", "/a1/sms", reply, form=form)


def created(vendor_id: str) -> Reply:
    return Reply(json={"status": "created", "id": vendor_id, "direction": "outgoing", "cost": 3500})


def history(*entries: dict[str, str]) -> list[Exchange]:
    query = {"to": "+8613800138000", "end": "2026-11-02T03:59:00"}
    return [Exchange("GET", "/a1/sms", Reply(json={"data": list(entries)}), query=query)]


def receipt(status: str) -> Any:
    form = {"id": "s1", "status": status, "delivered": "2026-11-02T04:00:07.000000"}
    return request(tail="/receipt", query={"ref": "m1"}, form=form)


class TestElks(VendorTests):
    vendor = Elks
    settings = {
        "username": "u123",
        "password": "elk-pass-1",
        "base_url": "{url}",
        "senders": {"Acme": "AcmeShop"},
    }
    statuses = STATUSES
    errors = ERRORS
    unmapped = "HTTP_418"
    unsigned_webhooks = "46elks signs nothing; the secret path of the hook is the guard"

    def status_row(self, status: str) -> Webhook:
        return Webhook(status, receipt(status))

    def error_row(self, code: str) -> Send:
        return Send(code, [post(Reply(int(code.removeprefix("HTTP_")), text="No."))], batch=ONE)

    def campaign_answer(self, seen: Seen) -> tuple[Reply, Sequence[str]]:
        if seen.method != "POST":
            return Reply(json={"data": []}), []
        return created(seen.form["message"]), [seen.form["to"]]

    cases = [
        Send("accepted", [post(created("s1")), post(created("s2"), 2)], expect=["s1", "s2"]),
        Send("one", [post(created("s3"))], expect="s3", batch=ONE),
        Send(
            "bad number",
            [post(Reply(400, text="Bad to")), post(created("s2"), 2)],
            expect=[VendorRejected, "s2"],
        ),
        Send(
            "no balance",
            [post(Reply(403, text="No"))],
            expect=CredentialsRejected,
            code="HTTP_403",
            batch=ONE,
        ),
        Send("too fast", [post(Reply(429))], expect=VendorThrottled, code="HTTP_429"),
        Send("no answer", [post(Lost.TIMEOUT), post(created("s2"), 2)], expect=[Outcome.UNKNOWN, "s2"]),
        Query(
            "balance",
            "check_channel",
            [Exchange("GET", "/a1/me", Reply(json={"balance": 1234500, "currency": "SEK"}))],
            Health("Balance 123.45 SEK"),
        ),
        Query(
            "wrong password", "check_channel", [Exchange("GET", "/a1/me", Reply(401))], CredentialsRejected
        ),
        Webhook(
            "delivered",
            receipt("delivered"),
            receipts=[
                DeliveryReceipt(MessageStatus.DELIVERED, "m1", vendor_id="s1", code="delivered", at=AT)
            ],
            acknowledgement=EMPTY,
        ),
        Webhook(
            "failed",
            receipt("failed"),
            receipts=[
                DeliveryReceipt(MessageStatus.UNDELIVERABLE, "m1", vendor_id="s1", code="failed", at=AT)
            ],
            acknowledgement=EMPTY,
        ),
        Webhook(
            "reply",
            request(form={"id": "s9", "from": "+8613800138000", "to": "+46766861069", "message": "Hours?"}),
            replies=[MoMessage(from_vendor("+8613800138000"), "Hours?", vendor_id="s9")],
            acknowledgement=EMPTY,
        ),
        Reconcile(
            "found",
            history({"id": "s1", "direction": "outgoing", "message": "Your code is 1001"}),
            expect="s1",
            batch=ONE,
        ),
        Reconcile(
            "another text",
            history({"id": "s1", "direction": "outgoing", "message": "Sale!"}),
            expect=Outcome.UNKNOWN,
            batch=ONE,
        ),
    ]
