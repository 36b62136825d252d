"""The conformance kit over the whole plugin, with BulkSMS as the vendor of the recipe."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from unittest.mock import ANY

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    DeliveryReceipt,
    Health,
    MessageStatus,
    MoMessage,
    Outcome,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
    WebhookRejected,
    from_vendor,
    rejected,
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

BASIC = {"Authorization": "Basic dG9rZW4taWQ6dG9rZW4tc2VjcmV0"}
RECENT = replace(batch(), called_at=datetime.now(UTC) - timedelta(hours=1))
REPLIED_AT = datetime(2026, 11, 2, 4, tzinfo=UTC)
OLD = replace(batch(), called_at=datetime.now(UTC) - timedelta(hours=12))


def entry(ref: str, status: str = "ACCEPTED", subtype: str | None = None) -> dict[str, Any]:
    """Return one message of the vendor's answer."""
    return {"id": f"id-{ref}", "status": {"type": status, "subtype": subtype}, "userSuppliedId": ref}


def post(reply: Reply | Lost, **expected: Any) -> list[Exchange]:
    """Return a send and its reply."""
    return [Exchange("POST", "/messages", reply, headers=BASIC, **expected)]


def taken(*entries: dict[str, Any]) -> Reply:
    """Return the vendor took the call."""
    return Reply(201, json=list(entries))


def refused(status: int) -> Reply:
    """Return the vendor refused the call."""
    return Reply(status, json={"type": f"errors#{status}", "detail": "no"}, headers={"Retry-After": "7"})


def pushed(status: str, subtype: str = "") -> dict[str, Any]:
    """Return one pushed report."""
    return {**entry("m1", status, subtype), "to": "8613800138000"}


class TestBulkSms(VendorTests):
    vendor = "http"
    title = "http (recipe bulksms)"
    settings = {
        "recipe": "bulksms",
        "base_url": "{url}",
        "secrets": {"id": "token-id", "secret": "token-secret"},
    }
    statuses = {
        "DELIVERED": MessageStatus.DELIVERED,
        "FAILED": MessageStatus.UNDELIVERABLE,
        "SENT": MessageStatus.ACCEPTED,
        "UNKNOWN": MessageStatus.ACCEPTED,
    }
    errors = {
        "errors#400": VendorRejected,
        "HTTP_401": CredentialsRejected,
        "errors#403": CredentialsRejected,
        "HTTP_429": VendorThrottled,
    }
    unmapped = "418"
    answered: ClassVar[dict[str, Reply]] = {}
    unsigned_webhooks = "BulkSMS signs nothing; the secret address is the guard"
    public_settings = {"client_key": "it is the path of a file"}
    cases = [
        Send(
            "two taken",
            post(
                taken(entry("m2"), entry("m1")),
                query={"deduplication-id": ANY},
                json=[
                    {
                        "to": [{"type": "INTERNATIONAL", "address": f"+86{number}"}],
                        "body": f"【Acme】Your code is {code}",
                        "encoding": "UNICODE",
                        "longMessageMaxParts": 1,
                        "deliveryReports": "ALL",
                        "userSuppliedId": ref,
                    }
                    for ref, number, code in (("m1", "13800138000", "1001"), ("m2", "13900139000", "1002"))
                ],
            ),
            expect=["id-m1", "id-m2"],
        ),
        Send(
            "one refused",
            post(taken(entry("m1", "FAILED", "NOT_SENT"), entry("m2"))),
            expect=[rejected("NOT_SENT", ""), "id-m2"],
        ),
        Send("one not mentioned", post(taken(entry("m1"))), expect=["id-m1", Outcome.UNKNOWN]),
        Send("no credits", post(refused(403)), expect=CredentialsRejected),
        Send("too fast", post(refused(429)), expect=VendorThrottled),
        Send("bad request", post(refused(400)), expect=VendorRejected),
        Send("a gateway's page", post(Reply(502, text="<html>")), expect=OutcomeUnknown),
        Send("no answer", post(Lost.TIMEOUT), expect=OutcomeUnknown),
        Send("a reset", post(Lost.RESET), expect=OutcomeUnknown),
        Send("nobody there", post(Lost.REFUSED), expect=Outcome.NOT_SENT),
        Reconcile("the call is repeated under its key", post(taken(entry("m1"), entry("m2"))), batch=RECENT),
        Reconcile(
            "the key is forgotten: it is looked for",
            [Exchange("GET", "/messages", Reply(503)) for _ in OLD.messages],
            expect=Outcome.UNKNOWN,
            batch=OLD,
        ),
        Reconcile("no answer again", post(Lost.TIMEOUT), expect=Outcome.UNKNOWN, batch=RECENT),
        Query(
            "a good account",
            "check_channel",
            [Exchange("GET", "/profile", Reply(json={"id": "p"}), headers=BASIC)],
            Health("BulkSMS answers."),
        ),
        Query(
            "a bad account",
            "check_channel",
            [Exchange("GET", "/profile", Reply(401, json={}))],
            CredentialsRejected,
        ),
        Query(
            "no answer to a check",
            "check_channel",
            [Exchange("GET", "/profile", Lost.TIMEOUT)],
            OutcomeUnknown,
        ),
        Webhook(
            "a report",
            request(tail="/receipt", json=[pushed("FAILED", "EXPIRED")]),
            receipts=[
                DeliveryReceipt(
                    MessageStatus.EXPIRED,
                    message_ref="m1",
                    vendor_id="id-m1",
                    phone=from_vendor("+8613800138000"),
                    code="EXPIRED",
                )
            ],
        ),
        Webhook(
            "delivered",
            request(tail="/receipt", json=[pushed("DELIVERED")]),
            receipts=[
                DeliveryReceipt(
                    MessageStatus.DELIVERED,
                    message_ref="m1",
                    vendor_id="id-m1",
                    phone=from_vendor("+8613800138000"),
                )
            ],
        ),
        Webhook(
            "a reply",
            request(
                tail="/reply",
                json={
                    "id": "r-1",
                    "from": "8613800138000",
                    "body": "T",
                    "submission": {"date": "2026-11-02T04:00:00Z"},
                },
            ),
            replies=[
                MoMessage(from_vendor("+8613800138000"), "T", REPLIED_AT, vendor_id="r-1")
            ],
        ),
        Webhook("not JSON", request(tail="/receipt", body=b"{"), expect=WebhookRejected),
        Webhook("another address", request(tail="/other", json={}), expect=WebhookRejected),
    ]  # fmt: skip

    def status_row(self, status: str) -> Webhook:
        """Return a report with this status."""
        return Webhook(status, request(tail="/receipt", json=[pushed(status)]))

    def error_row(self, code: str) -> Send:
        """Return a send that meets this HTTP status."""
        known: type[BridgeError] = self.error_kinds().get(code, OutcomeUnknown)
        return Send(code, post(refused(int(code[-3:]))), expect=known)

    def campaign_answer(self, seen: Seen) -> tuple[Reply, Sequence[str]]:
        """Every message taken, once per deduplication id: a repeated call gets the first answer again."""
        if seen.method == "GET":
            return Reply(json={"id": "profile"}), ()
        key = seen.query["deduplication-id"]
        known = key in self.answered
        messages = seen.json
        reply = self.answered.setdefault(key, taken(*(entry(item["userSuppliedId"]) for item in messages)))
        return reply, () if known else [item["to"][0]["address"] for item in messages]
