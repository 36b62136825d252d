"""Acme's table."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from acme_sms import ERRORS, STATUSES, Acme

from bridge.plugin import (
    Acknowledgement,
    CreatedTemplate,
    CredentialsRejected,
    DeliveryReceipt,
    Health,
    MessageStatus,
    MoMessage,
    NoSuchResource,
    Outcome,
    ReceiptPage,
    ReplyPage,
    ReviewStatus,
    SignReview,
    TemplateReview,
    VendorThrottled,
    WebhookRequest,
    from_vendor,
    rejected,
)
from bridge.testing import (
    Exchange,
    Lost,
    Poll,
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

SECRET = "acme-secret-5ca1ab1e"
POLLED: Mapping[str, Any] = {"poll": True}
PHONE = from_vendor("8613800138000")
REFUSED = Reply(json={"code": 31})
UNKNOWN_THING = Reply(json={"code": 44})


def sent(*results: dict[str, str]) -> Reply:
    return Reply(json={"code": 0, "results": results})


def post(reply: Reply | Lost, *numbers: str) -> list[Exchange]:
    messages = [{"to": f"86{number}", "vars": {"code": f"{1001 + n}"}} for n, number in enumerate(numbers)]
    body = {"ref": "c1", "template": "V-1", "messages": messages} if numbers else None
    return [Exchange("POST", "/send", reply, json=body, headers={"X-Key": SECRET})]


def get(path: str, reply: Reply, **query: str) -> list[Exchange]:
    return [Exchange("GET", path, reply, query=query)]


def page(status: str = "", text: str = "") -> dict[str, Any]:
    receipts = [{"status": status, "id": "a1", "to": "8613800138000"}] if status else []
    replies = [{"from": "8613800138000", "text": text}] if text else []
    return {"code": 0, "receipts": receipts, "replies": replies, "next": "2"}


class TestAcme(VendorTests):
    vendor = Acme
    settings = {"base_url": "{url}", "api_secret": SECRET}
    statuses = STATUSES
    errors = ERRORS
    taken: dict[Any, list[str]] = {}

    def sign(self, request: WebhookRequest) -> WebhookRequest:
        digest = hmac.new(SECRET.encode(), request.body, "sha256").hexdigest()
        return replace(request, headers={**request.headers, "x-acme-signature": digest})

    def status_row(self, status: str) -> Webhook:
        return Webhook(status, request(json=page(status)))

    def error_row(self, code: str) -> Send:
        return Send(code, post(Reply(json={"code": int(code)})))

    def campaign_answer(self, seen: Seen) -> tuple[Reply, list[str]]:
        if seen.path != "/send":
            return Reply(json={"code": 0, "id": "V-9", "review": "yes", "found": self.found(seen)}), []
        numbers = [each["to"] for each in seen.json["messages"]]
        self.taken[seen.json["ref"]] = numbers
        return sent(*({"id": number} for number in numbers)), numbers

    def found(self, seen: Seen) -> dict[str, str]:
        return {number: number for number in self.taken.get(seen.query.get("ref"), ())}

    cases = [
        Send("accepted", post(sent({"id": "a1"}, {"id": "a2"}), "13800138000", "13900139000"), ["a1", "a2"]),
        Send("one", post(sent({"id": "a3"}), "13700137000"), "a3", batch=batch(["13700137000"])),
        Send("half", post(sent({"id": "a1"}, {"code": "9"})), ["a1", rejected("9", "")]),
        Send("no money", post(REFUSED), CredentialsRejected, code="31"),
        Send("too fast", post(Reply(json={"code": 17})), VendorThrottled, code="17"),
        Send("silence", post(Lost.TIMEOUT), Outcome.UNKNOWN),
        Send("closed", post(Lost.REFUSED), Outcome.NOT_SENT),
        Query(
            "healthy",
            "check_channel",
            get("/account", Reply(json={"code": 0, "balance": 7})),
            Health("7 messages left"),
        ),
        Query("broke", "check_channel", get("/account", REFUSED), CredentialsRejected),
        Query(
            "sign",
            "query_sign",
            get("/signs/Acme", Reply(json={"code": 0, "review": "yes"})),
            SignReview(ReviewStatus.APPROVED),
        ),
        Query("no sign", "query_sign", get("/signs/Acme", UNKNOWN_THING), NoSuchResource, code="44"),
        Query(
            "create",
            "create_template",
            [Exchange("POST", "/templates", Reply(json={"code": 0, "id": "V-9"}))],
            CreatedTemplate("V-9"),
        ),
        Query(
            "not created", "create_template", [Exchange("POST", "/templates", REFUSED)], CredentialsRejected
        ),
        Query(
            "update",
            "update_template",
            [Exchange("PUT", "/templates/V-1", Reply(json={"code": 0}))],
            CreatedTemplate(),
        ),
        Query(
            "not updated",
            "update_template",
            [Exchange("PUT", "/templates/V-1", UNKNOWN_THING)],
            NoSuchResource,
        ),
        Query(
            "review",
            "query_template",
            get("/templates/V-1", Reply(json={"code": 0, "review": "no"})),
            TemplateReview(ReviewStatus.REJECTED),
        ),
        Query("no template", "query_template", get("/templates/V-1", UNKNOWN_THING), NoSuchResource),
        Reconcile(
            "found one",
            get("/sent", Reply(json={"code": 0, "found": {"8613800138000": "a1"}}), ref="c1"),
            ["a1", Outcome.UNKNOWN],
        ),
        Reconcile("not told", get("/sent", Reply(json={"code": 0, "found": {}})), Outcome.UNKNOWN),
        Webhook(
            "delivered",
            request(json=page("ok")),
            receipts=[DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="a1", phone=PHONE, code="ok")],
            acknowledgement=Acknowledgement(b"OK"),
        ),
        Webhook("reply", request(json=page(text="hello")), replies=[MoMessage(PHONE, "hello")]),
        Poll(
            "receipts",
            "poll_receipts",
            get("/reports", Reply(json=page("dead"))),
            ReceiptPage(
                [DeliveryReceipt(MessageStatus.UNDELIVERABLE, vendor_id="a1", phone=PHONE, code="dead")], "2"
            ),
            settings=POLLED,
        ),
        Poll(
            "replies",
            "poll_replies",
            get("/reports", Reply(json=page(text="Thanks"))),
            ReplyPage([MoMessage(PHONE, "Thanks")], "2"),
            settings=POLLED,
        ),
        Poll("no receipts", "poll_receipts", get("/reports", REFUSED), CredentialsRejected, settings=POLLED),
        Poll("no replies", "poll_replies", get("/reports", REFUSED), CredentialsRejected, settings=POLLED),
    ]
