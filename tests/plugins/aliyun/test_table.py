"""Every hook as a row of the conformance kit's table, played against the emulated account."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar
from unittest.mock import ANY

from bridge.plugin import (
    Acknowledgement,
    BridgeError,
    Carrier,
    CarrierReview,
    ConfigurationRefused,
    CreatedTemplate,
    CredentialsRejected,
    DeliveryReceipt,
    DigitalPart,
    DigitalTemplateReview,
    Health,
    ListedTemplate,
    MessageStatus,
    MoMessage,
    NoSuchResource,
    Outcome,
    OutcomeUnknown,
    PendingMessage,
    ReceiptPage,
    ReplyPage,
    ReviewChange,
    ReviewStatus,
    SignReview,
    TemplateReview,
    UnsupportedOperation,
    VendorRejected,
    VendorThrottled,
    WebhookRejected,
    from_vendor,
)
from bridge.testing import (
    Case,
    Poll,
    Query,
    Reconcile,
    Send,
    VendorTests,
    Webhook,
    batch,
    digital_template,
    page_window,
    request,
    text_template,
)
from bridge.testing.table.samples import NOW, NUMBERS, SIGN
from bridge_aliyun import codes

from .emulator import Emulator, Message, refusing
from .emulator.account import APPROVED, CARRIERS, Template
from .emulator.pushing import reply


class _SomeTime(datetime):
    """Equal to any moment: when the emulated account's clock took the template."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, datetime)

    __hash__ = datetime.__hash__


SOME_TIME = _SomeTime(2026, 1, 1, tzinfo=UTC)
TEXT_THERE = "Your code is ${code}"
BIZ = "900000000000000001^0"
PHONES = tuple(from_vendor(number) for number in NUMBERS)
EQUAL = batch(params=[{"code": "1"}] * 2)
DIGITAL = batch(template=digital_template())
RECEIPTS, REPLIES = "Alicom-Queue-1-SmsReport", "Alicom-Queue-1-SmsUp"
QUEUE = {"queue": {"receipts": RECEIPTS, "replies": REPLIES, "endpoint": "{url}", "token_endpoint": "{url}"}}
NEW_DIGITAL = digital_template(parts=(DigitalPart("txt", text="Hello"),), vendor_code="", remark="x")


def account() -> Emulator:
    """Return an account that knows what the kit's samples are about."""
    emulator = Emulator()
    known = emulator.account
    known.approve_sign(SIGN).created_at = NOW
    known.approves_at_once = True
    known.approve_template("V-1", "Your code is ${code}")
    known.wants_media = False
    known.templates["V-2"] = Template(
        "V-2", "hello", "Hello ${name}", 2, APPROVED, sign_name=SIGN, parts=[], created_at=NOW,
        carriers=dict.fromkeys(CARRIERS, APPROVED),
    )  # fmt: skip
    emulator.queues.queues = {RECEIPTS: [], REPLIES: []}
    return emulator


def fault(name: str) -> Callable[[Emulator], None]:
    """Return an account that answers with this fault."""
    return lambda emulator: emulator.plan.add(name)


def refused(code: str) -> Callable[[Emulator], None]:
    """Return an account that answers with this code."""
    return lambda emulator: emulator.plan.add(refusing(code))


def reviewed(code: str, status: int, reason: str = "") -> Callable[[Emulator], None]:
    """Return an account whose template has this review."""
    return lambda emulator: emulator.account.review(code, status, reason)


def taken(emulator: Emulator, out_id: str = "c1") -> list[Message]:
    """Return the account took the sample batch; its messages."""
    known = emulator.account
    known.clock = lambda: NOW
    for number in NUMBERS:
        message = Message(number, out_id, BIZ, SIGN, "V-1", "Your code is 1", NOW)
        known.messages.append(message)
        known.by_phone[number].append(message)
    return known.messages


def one_delivered(emulator: Emulator) -> None:
    """The first message of the sample batch was delivered."""
    emulator.account.settle(taken(emulator)[0])


def one_in_the_queue(emulator: Emulator) -> None:
    """A receipt and a reply wait in the queues."""
    emulator.queues.put(RECEIPTS, emulator.account.settle(taken(emulator)[0]))
    emulator.queues.put(REPLIES, reply(NUMBERS[0], "R", "2026-11-02 12:00:00", 7))


def report(success: object = True, err_code: str = "DELIVERED") -> dict[str, object]:
    """Return a SmsReport about the first message of the sample batch."""
    message = Message(NUMBERS[0], "c1", BIZ, SIGN, "V-1", "x", NOW, received_at=NOW)
    return message.report() | {"success": success, "err_code": err_code}


def receipt(status: MessageStatus = MessageStatus.DELIVERED, code: str = "DELIVERED") -> DeliveryReceipt:
    """Return what that report says."""
    reason = "" if status is MessageStatus.DELIVERED else "carrier refused"
    return DeliveryReceipt(status, "", "c1", BIZ, PHONES[0], code, reason, NOW)


PENDING = (PendingMessage("m1", "c1", BIZ, PHONES[0], NOW), PendingMessage("m2", "c1", BIZ, PHONES[1], NOW))
POLLED = receipt()._replace(message_ref="m1")
ACK = Acknowledgement(b'{"code":0,"msg":"OK"}', "application/json; charset=utf-8")
MO = MoMessage(PHONES[0], "R", NOW, "7")
ALL = {carrier: CarrierReview(ReviewStatus.APPROVED) for carrier in Carrier}
MIXED = {
    Carrier.UNICOM: CarrierReview(ReviewStatus.PENDING),
    Carrier.MOBILE: CarrierReview(ReviewStatus.APPROVED),
    Carrier.TELCOM: CarrierReview(ReviewStatus.REJECTED, "blurred"),
}


def mixed_review(emulator: Emulator) -> None:
    """One carrier approved, one refused, one has not said anything yet."""
    emulator.account.review("V-2", 0, "blurred", dict(zip(CARRIERS, (1, 0, 2), strict=True)))


SENDS: list[Case] = [
    Send("own values"),
    Send("equal values", batch=EQUAL),
    Send("digital", batch=DIGITAL),
    Send("the id is that of the call", expect=[BIZ, BIZ], settings={"connections": 1}),
    Send("one bad number", expect=[VendorRejected, Outcome.ACCEPTED], code="isv.MOBILE_NUMBER_ILLEGAL",
         given=lambda emulator: emulator.account.illegal.add(NUMBERS[0])),
    Send("one bad number among equal values", expect=[Outcome.ACCEPTED, VendorRejected], batch=EQUAL,
         given=lambda emulator: emulator.account.illegal.add(NUMBERS[1])),
    Send("a signature nobody approved", expect=ConfigurationRefused, code="isv.SMS_SIGNATURE_ILLEGAL",
         given=lambda emulator: emulator.account.signs.clear()),
    Send("a template under review", expect=ConfigurationRefused, given=reviewed("V-1", 0)),
    Send("a digital template no carrier approved", expect=ConfigurationRefused, batch=DIGITAL,
         given=reviewed("V-2", 2)),
    Send("too fast", expect=VendorThrottled, code="Throttling.User", given=fault("throttled")),
    Send("no permission", expect=CredentialsRejected, code="NoPermission", given=fault("denied")),
    Send("no money", expect=CredentialsRejected, code="isv.AMOUNT_NOT_ENOUGH",
         given=lambda emulator: setattr(emulator.account, "balance", 1)),
    Send("an error of the gateway", expect=OutcomeUnknown, given=fault("bad_gateway")),
    Send("a list for an answer", expect=OutcomeUnknown, given=fault("list")),
    Send("a lost answer", expect=OutcomeUnknown, given=fault("closed_after"), lost=True),
    Send("a lost answer about a digital message", expect=OutcomeUnknown, batch=DIGITAL,
         given=fault("closed_after"), lost=True),
    Reconcile("Aliyun has it", expect=Outcome.ACCEPTED, given=taken),
    Reconcile("Aliyun has parts of it", expect=[Outcome.ACCEPTED, Outcome.UNKNOWN],
              given=lambda emulator: taken(emulator, "c1.3") and emulator.account.by_phone.pop(NUMBERS[1])),
    Reconcile("Aliyun does not show it", expect=Outcome.UNKNOWN),
]  # fmt: skip

REVIEWS: list[Case] = [
    Query("the account can be used", "check_channel",
          expect=Health("The account answers; the signature Acme is approved.")),
    Query("the key may do nothing", "check_channel", expect=CredentialsRejected, given=fault("denied")),
    Query("a signature", "query_sign", expect=SignReview(ReviewStatus.APPROVED, created_at=NOW)),
    Query("an unknown signature", "query_sign", expect=NoSuchResource, subject="Nobody"),
    Query("a new template", "create_template", expect=CreatedTemplate("SMS_100000001")),
    Query("one template too many", "create_template", expect=VendorRejected, code="isv.SMS_OVER_LIMIT",
          given=refused("isv.SMS_OVER_LIMIT")),
    Query("a rejected template is changed", "update_template", expect=CreatedTemplate(),
          given=reviewed("V-1", 2)),
    Query("an approved template is not", "update_template", expect=VendorRejected,
          code="isv.ERROR_TEMPLATE_NOT_MODIFY"),
    Query("an approved template is replaced", "update_template",
          expect=CreatedTemplate(state="SMS_100000001"), settings={"text_edit": "recreate"}),
    Query("a review", "query_template", expect=TemplateReview(ReviewStatus.APPROVED, created_at=SOME_TIME,
                                                              content=TEXT_THERE)),
    Query("a bad review", "query_template", given=reviewed("V-1", 2, "no opt-out"),
          expect=TemplateReview(ReviewStatus.REJECTED, "no opt-out", SOME_TIME,
                                content=TEXT_THERE)),
    Query("a review of a template Aliyun lost", "query_template", expect=NoSuchResource,
          subject=text_template(vendor_code="V-404")),
    Query("a template is deleted", "delete_template", expect=True),
    Query("a template under review is not", "delete_template", given=reviewed("V-1", 0),
          expect=VendorRejected, code="isv.ERROR_TEMPLATE_NOT_DELETE"),
    Query("all templates", "list_templates", expect=[
        ListedTemplate("V-1", ReviewStatus.APPROVED, ANY, TEXT_THERE),
        ListedTemplate("V-2", ReviewStatus.APPROVED, ANY, ANY),
    ]),
    Query("no list for this key", "list_templates", expect=CredentialsRejected, given=fault("denied")),
    Query("a new digital template", "create_digital_template", subject=NEW_DIGITAL,
          expect=CreatedTemplate("DIGITAL_SMS_0001")),
    Query("a name of 21 letters", "create_digital_template", expect=VendorRejected, code="NAME_TOO_LONG",
          subject=replace(NEW_DIGITAL, name="a name of 21 letters!")),
    Query("a digital template is replaced", "update_digital_template", settings={"digital_edit": "recreate"},
          subject=replace(NEW_DIGITAL, vendor_code="V-2"), expect=CreatedTemplate(state="DIGITAL_SMS_0001")),
    Query("a digital template is not changed", "update_digital_template", expect=UnsupportedOperation),
    Query("a digital template is deleted", "delete_digital_template", expect=True),
    Query("a digital template was deleted before", "delete_digital_template", expect=True,
          subject=digital_template(vendor_code="V-404")),
    Query("a digital template under review is not", "delete_digital_template", given=reviewed("V-2", 0),
          expect=VendorRejected, code="isv.ERROR_TEMPLATE_NOT_DELETE"),
    Query("the carriers' reviews", "query_digital_template",
          expect=DigitalTemplateReview(ALL, created_at=NOW)),
    Query("mixed reviews", "query_digital_template", given=mixed_review,
          expect=DigitalTemplateReview(MIXED, created_at=NOW)),
    Query("a digital template Aliyun lost", "query_digital_template", expect=NoSuchResource,
          subject=digital_template(vendor_code="V-404")),
]  # fmt: skip

REPORTS: list[Case] = [
    Webhook("a receipt", request(json=[report()]), receipts=[receipt()], acknowledgement=ACK),
    Webhook("a failure", request(json=[report(False, "MOBILE_IN_BLACK")]),
            receipts=[receipt(MessageStatus.UNDELIVERABLE, "MOBILE_IN_BLACK")]),
    Webhook("a reply", request(json=[reply(NUMBERS[0], "R", "2026-11-02 12:00:00", 7)]), replies=[MO]),
    Webhook("a template's review", request(json=[{"template_code": "V-1", "template_status": "approved"}]),
            reviews=[ReviewChange(vendor_code="V-1")]),
    Webhook("a signature's review", request(json=[{"sign_name": SIGN, "sign_status": "rejected"}]),
            reviews=[ReviewChange(sign_name=SIGN)]),
    Webhook("the console's test", request(json=[{"test": 1}]), acknowledgement=ACK),
    Webhook("from elsewhere", request(json=[report()]), expect=WebhookRejected,
            settings={"push_allow_from": ["198.51.100.0/24"]}),
    Poll("a receipt is looked up", "poll_receipts", given=one_delivered, window=page_window(pending=PENDING),
         expect=ReceiptPage([POLLED])),
    Poll("nothing is pending", "poll_receipts", expect=ReceiptPage([])),
    Poll("look-ups too fast", "poll_receipts", expect=VendorThrottled, given=fault("throttled"),
         window=page_window(pending=PENDING)),
    Poll("a look-up is lost", "poll_receipts", expect=OutcomeUnknown, given=fault("closed_after"),
         window=page_window(pending=PENDING), lost=True),
    Poll("a receipt in the queue", "poll_receipts", given=one_in_the_queue, settings=QUEUE,
         expect=ReceiptPage([receipt()], '["handle-1"]', more=True)),
    Poll("a reply in the queue", "poll_replies", given=one_in_the_queue, settings=QUEUE,
         expect=ReplyPage([MO], '["handle-1"]', more=True)),
    Poll("no token for the queue", "poll_replies", given=fault("denied"), settings=QUEUE,
         expect=CredentialsRejected),
    Poll("the queue's token is lost", "poll_replies", given=fault("closed_after"), settings=QUEUE,
         expect=OutcomeUnknown, lost=True),
]  # fmt: skip

ERRORS: dict[str, type[BridgeError]] = {
    code: type(known.consequence.error("x")) for code, known in codes.ANSWERS.items()
}


class TestAliyun(VendorTests):
    """The plugin against the emulated account."""

    vendor = "aliyun"
    settings: ClassVar = {
        "access_key_id": "testAK",
        "access_key_secret": "testSK",
        "endpoint": "{url}",
        "related_sign_name": SIGN,
    }
    emulator = account
    cases = (*SENDS, *REVIEWS, *REPORTS)
    statuses: ClassVar = {"true": MessageStatus.DELIVERED, "false": MessageStatus.UNDELIVERABLE}
    errors = ERRORS
    unsigned_webhooks = "Aliyun signs no push (help.aliyun.com 101867, read 2026-11)."

    def status_row(self, status: str) -> Webhook:
        return Webhook(status, request(json=[report(status)]))

    def error_row(self, code: str) -> Send:
        return Send(code, given=refused(code))
