"""Every hook of the sandbox as a row of the conformance kit's table."""

import hmac
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

from bridge.plugin import (
    Acknowledgement,
    Carrier,
    CarrierReview,
    ConfigurationRefused,
    CreatedTemplate,
    CredentialsRejected,
    DeliveryReceipt,
    DigitalPart,
    DigitalTemplateReview,
    Health,
    MessageStatus,
    MoMessage,
    NoSuchResource,
    Outcome,
    ReceiptPage,
    ReplyPage,
    ReviewChange,
    ReviewStatus,
    SignReview,
    TemplateReview,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
    WebhookRejected,
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
    Send,
    VendorTests,
    Webhook,
    batch,
    digital_template,
    page_window,
    request,
    text_template,
)
from bridge.testing.table.samples import NOW
from bridge_sandbox.codes import ERRORS, OF_CONFIGURATION, STATUSES

from .carrying import KEY, carrier

AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
PHONE = from_vendor("8613800138000")
POLLED: Mapping[str, Any] = {"poll": True}
TEXT_CODE, DIGITAL_CODE = "1", "2"
"""How the carrier calls its first templates, which the emulator has from the start."""
DIGITAL = digital_template([DigitalPart("txt", text="Hello")])
APPROVED = {"template": "V-9", "status": "approved", "reason": "", "created_at": AT.timestamp()}
CARRIERS = {"carriers": {"UNICOM": "approved", "MOBILE": "approved", "TELCOM": "rejected"}}
PARTLY = APPROVED | CARRIERS | {"status": "partial", "reason": "No."}
REVIEWED = DigitalTemplateReview(
    {
        Carrier.UNICOM: CarrierReview(ReviewStatus.APPROVED),
        Carrier.MOBILE: CarrierReview(ReviewStatus.APPROVED),
        Carrier.TELCOM: CarrierReview(ReviewStatus.REJECTED, "No."),
    },
    "No.",
)
TAKEN = Reply(json={"results": [{"id": "i1"}, {"id": "i2"}]})
ENTRY = {"batch_ref": "c1", "ref": "m1", "at": AT.timestamp()}
SAID = ENTRY | {"id": "r1", "from": "8613800138000", "text": "hello", "sign": "Acme", "opted_out": False}
REPLY = MoMessage(PHONE, "hello", AT, "r1", "Acme", "c1", "m1")
MESSAGES = [
    {"ref": "m1", "to": "8613800138000", "params": {"code": "1001"}},
    {"ref": "m2", "to": "8613900139000", "params": {"code": "1002"}},
]
BODY = {"batch_ref": "c1", "sign": "Acme", "template": TEXT_CODE, "valid_until": ANY, "messages": MESSAGES}


def call(method: str, path: str, reply: Reply | Lost, **expected: Any) -> list[Exchange]:
    """Return the introduction that goes before a process's first call, and the call."""
    authorization = {"Authorization": f"Bearer {KEY}"}
    return [
        Exchange("PUT", "/accounts/promo", Reply(json={}), headers=authorization),
        Exchange(method, f"/accounts/promo{path}", reply, headers=authorization, **expected),
    ]


def refused(code: str) -> Reply:
    return Reply(400, json={"error": {"code": code}})


def receipt_entry(code: str) -> dict[str, Any]:
    return ENTRY | {"code": code, "id": "i1", "to": "8613800138000"}


def receipt(status: MessageStatus, code: str) -> DeliveryReceipt:
    return DeliveryReceipt(status, "m1", "c1", "i1", PHONE, code, at=AT)


def page(*, receipts: Any = (), replies: Any = (), reviews: Any = ()) -> WebhookRequest:
    body = {"receipts": list(receipts), "replies": list(replies), "reviews": list(reviews)}
    return request(tail="/reports", json=body)


def report(**entries: Any) -> Reply:
    return Reply(json={"receipts": [], "replies": [], "cursor": "7", "more": False} | entries)


class TestSandbox(VendorTests):
    vendor = "sandbox"
    settings = {"url": "{url}", "key": KEY, "review_delay_s": 0}
    emulator = carrier
    statuses = STATUSES
    errors = {
        code: ConfigurationRefused if code in OF_CONFIGURATION else kind for code, (kind, _) in ERRORS.items()
    }

    def sign(self, request: WebhookRequest) -> WebhookRequest:
        now = str(int(time.time()))
        digest = hmac.new(KEY.encode(), now.encode() + b"." + request.body, "sha256").hexdigest()
        signed = {"x-carrier-timestamp": now, "x-carrier-signature": digest}
        return replace(request, headers={**request.headers, **signed})

    def status_row(self, status: str) -> Webhook:
        return Webhook(status, page(receipts=[receipt_entry(status)]))

    def error_row(self, code: str) -> Send:
        return Send(code, call("POST", "/messages", refused(code)))

    cases = [
        Send(
            "accepted",
            call("POST", "/messages", TAKEN, json=BODY),
            expect=["i1", "i2"],
            batch=batch(template=text_template(vendor_code=TEXT_CODE)),
        ),
        Send(
            "another batch",
            call("POST", "/messages", Reply(json={"results": [{"id": "i3"}]}), json=ANY),
            expect="i3",
            batch=batch(["13700137000"]),
        ),
        Send(
            "one left",
            call(
                "POST",
                "/messages",
                Reply(json={"results": [{"id": "i1"}, {"code": "OPTED_OUT", "reason": "Left."}]}),
            ),
            expect=["i1", rejected("OPTED_OUT", "Left.", opted_out=True)],
        ),
        Send(
            "wrong key",
            [Exchange("PUT", "/accounts/promo", refused("BAD_KEY"))],
            CredentialsRejected,
            code="BAD_KEY",
        ),
        Send("too late", call("POST", "/messages", refused("CALL_EXPIRED")), VendorUnavailable),
        Send("too fast", call("POST", "/messages", refused("THROTTLED")), VendorThrottled, code="THROTTLED"),
        Send("no answer", call("POST", "/messages", Lost.TIMEOUT), Outcome.UNKNOWN),
        Send(
            "no introduction", [Exchange("PUT", "/accounts/promo", Lost.RESET)], VendorUnavailable, lost=True
        ),
        Send(
            "digital",
            call("POST", "/messages", TAKEN),
            expect=["i1", "i2"],
            batch=batch(template=digital_template(DIGITAL.parts, vendor_code=DIGITAL_CODE)),
        ),
        Send(
            "no answer about a digital message",
            call("POST", "/messages", Lost.TIMEOUT),
            Outcome.UNKNOWN,
            batch=batch(template=DIGITAL),
        ),
        Send(
            "digital refused",
            call("POST", "/messages", refused("UNKNOWN_TEMPLATE")),
            ConfigurationRefused,
            batch=batch(template=DIGITAL),
        ),
        Query(
            "known",
            "check_channel",
            call("GET", "", Reply(json={})),
            Health("The carrier knows the account."),
        ),
        Query("not known", "check_channel", call("GET", "", refused("BAD_KEY")), CredentialsRejected),
        Query(
            "sign",
            "query_sign",
            call("GET", "/signs", Reply(json=APPROVED), query={"name": "Acme"}),
            SignReview(ReviewStatus.APPROVED, "", AT),
        ),
        Query("no sign", "query_sign", call("GET", "/signs", refused("UNKNOWN_SIGN")), NoSuchResource),
        Query(
            "create",
            "create_template",
            call(
                "POST",
                "/templates",
                Reply(json=APPROVED),
                json={"kind": "text", "type": "notification", "name": "code", "sign": "Acme", "content": ANY},
            ),
            CreatedTemplate("V-9", ReviewStatus.APPROVED),
        ),
        Query(
            "create refused",
            "create_template",
            call("POST", "/templates", refused("NO_CONTENT")),
            VendorRejected,
        ),
        Query(
            "update",
            "update_template",
            call("PUT", "/templates/V-1", Reply(json=APPROVED)),
            CreatedTemplate("V-9", ReviewStatus.APPROVED),
        ),
        Query(
            "update refused",
            "update_template",
            call("PUT", "/templates/V-1", refused("NO_CONTENT")),
            VendorRejected,
        ),
        Query(
            "review",
            "query_template",
            call("GET", "/templates/V-1", Reply(json=APPROVED)),
            TemplateReview(ReviewStatus.APPROVED, "", AT),
        ),
        Query(
            "no template",
            "query_template",
            call("GET", "/templates/V-1", refused("UNKNOWN_TEMPLATE")),
            NoSuchResource,
        ),
        Query(
            "create digital",
            "create_digital_template",
            call("POST", "/templates", Reply(json=APPROVED)),
            CreatedTemplate("V-9", ReviewStatus.APPROVED),
            subject=DIGITAL,
        ),
        Query(
            "create digital refused",
            "create_digital_template",
            call("POST", "/templates", refused("NO_MEDIA")),
            VendorRejected,
            subject=DIGITAL,
        ),
        Query(
            "update digital",
            "update_digital_template",
            call("PUT", "/templates/V-2", Reply(json=APPROVED)),
            CreatedTemplate("V-9", ReviewStatus.APPROVED),
            subject=DIGITAL,
        ),
        Query(
            "update digital refused",
            "update_digital_template",
            call("PUT", "/templates/V-2", refused("NO_MEDIA")),
            VendorRejected,
            subject=DIGITAL,
        ),
        Query(
            "review digital",
            "query_digital_template",
            call("GET", "/templates/V-2", Reply(json=PARTLY)),
            REVIEWED,
        ),
        Query(
            "no digital",
            "query_digital_template",
            call("GET", "/templates/V-2", refused("UNKNOWN_TEMPLATE")),
            NoSuchResource,
        ),
        Query(
            "delete digital",
            "delete_digital_template",
            call("DELETE", "/templates/V-2", Reply(json={})),
            expect=True,
        ),
        Query(
            "delete digital refused",
            "delete_digital_template",
            call("DELETE", "/templates/V-2", refused("BAD_KEY")),
            CredentialsRejected,
        ),
        Reconcile(
            "one is there",
            call(
                "GET",
                "/messages",
                Reply(json={"now": NOW.timestamp() + 30, "messages": [{"ref": "m2", "id": "i2"}]}),
                query={"batch_ref": "c1"},
            ),
            expect=[Outcome.UNKNOWN, "i2"],
        ),
        Reconcile(
            "too late to come",
            call("GET", "/messages", Reply(json={"now": NOW.timestamp() + 61, "messages": []})),
            expect=Outcome.NOT_SENT,
        ),
        Reconcile("not told", call("GET", "/messages", refused("BAD_KEY")), expect=CredentialsRejected),
        Webhook(
            "everything",
            page(
                receipts=[receipt_entry("DELIVRD"), receipt_entry("MK:0001")],
                replies=[SAID, SAID | {"opted_out": True}],
                reviews=[
                    {"kind": "text", "template": "V-1", "status": "rejected", "reason": "No."},
                    {"kind": "digital", "template": "V-2"} | CARRIERS | {"reason": "No."},
                ],
            ),
            receipts=[
                receipt(MessageStatus.DELIVERED, "DELIVRD"),
                receipt(MessageStatus.UNDELIVERABLE, "MK:0001"),
            ],
            replies=[REPLY, REPLY._replace(opt_out=True)],
            reviews=[
                ReviewChange(vendor_code="V-1", review=TemplateReview(ReviewStatus.REJECTED, "No.")),
                ReviewChange(vendor_code="V-2", review=REVIEWED),
            ],
            acknowledgement=Acknowledgement(b'{"received": true}', "application/json"),
        ),
        Webhook("no page", request(tail="/reports", json={"receipts": []}), expect=WebhookRejected),
        Poll(
            "receipts",
            "poll_receipts",
            call(
                "GET",
                "/reports",
                report(receipts=[receipt_entry("EXPIRED")], more=True),
                query={"cursor": "5"},
            ),
            ReceiptPage([receipt(MessageStatus.EXPIRED, "EXPIRED")], "7", more=True),
            window=page_window("5"),
            settings=POLLED,
        ),
        Poll(
            "replies",
            "poll_replies",
            call("GET", "/reports", report(replies=[SAID])),
            ReplyPage([REPLY], "7"),
            settings=POLLED,
        ),
        Poll(
            "no receipts",
            "poll_receipts",
            call("GET", "/reports", refused("BAD_KEY")),
            CredentialsRejected,
            settings=POLLED,
        ),
        Poll(
            "no replies",
            "poll_replies",
            call("GET", "/reports", refused("BAD_KEY")),
            CredentialsRejected,
            settings=POLLED,
        ),
    ]
