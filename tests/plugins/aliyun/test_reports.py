"""What Aliyun pushes: receipts, replies and changes of reviews, all at one address."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bridge.channels.hooks import Hooks
from bridge.plugin import (
    DeliveryReceipt,
    MessageStatus,
    MoMessage,
    ReviewChange,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    from_vendor,
)
from bridge_aliyun import reports

from .conftest import Build
from .emulator import Emulator
from .samples import batch

CHINA = timezone(timedelta(hours=8))
AT = datetime(2026, 11, 2, 12, 0, 5, tzinfo=CHINA)
REPORT = {
    "phone_number": "13800138000",
    "send_time": "2026-11-02 12:00:00",
    "report_time": "2026-11-02 12:00:05",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "user received",
    "sms_size": "1",
    "biz_id": "932702304080415357^0",
    "out_id": "b1",
}
PHONE = from_vendor("13800138000")
DELIVERED = DeliveryReceipt(
    MessageStatus.DELIVERED, "", "b1", "932702304080415357^0", PHONE, "DELIVERED", "", AT
)
REPLY = {
    "phone_number": "13800138000",
    "send_time": "2026-11-02 12:00:05",
    "content": "R",
    "dest_code": "1068",
    "sequence_id": "1001",
}
GLOBE = {
    "To": "14155552671",
    "Status": "2",
    "MessageId": "m-1",
    "TaskId": "b1",
    "ReceiveDate": "Mon, 02 Nov 2026 12:00:05 +0800",
    "ErrorCode": "9",
    "ErrorDescription": "no route",
}


@dataclass(frozen=True)
class Pushed:
    """One item and what it says."""

    id: str
    item: dict[str, Any]
    said: DeliveryReceipt | MoMessage | ReviewChange


FAILED = DELIVERED._replace(status=MessageStatus.UNDELIVERABLE, code="MOBILE_NOT_ON_SERVICE", reason="off")
NOT_DELIVERED = REPORT | {"success": False, "err_code": "MOBILE_NOT_ON_SERVICE", "err_msg": "off"}
MO = MoMessage(PHONE, "R", AT, "1001")

PUSHED = [
    Pushed("delivered", REPORT, DELIVERED),
    Pushed("delivered, in words", REPORT | {"success": "true"}, DELIVERED),
    Pushed("delivered, with an error code", REPORT | {"err_code": "isv.CUSTOMER_REFUSED"}, DELIVERED),
    Pushed("failed", NOT_DELIVERED, FAILED),
    Pushed("failed, in words", NOT_DELIVERED | {"success": "False"}, FAILED),
    Pushed("a number in the reason", NOT_DELIVERED | {"err_msg": "13800138000 is off"},
           FAILED._replace(reason="138******00 is off")),
    Pushed("failed with a code that sounds good", NOT_DELIVERED | {"err_code": "DELIVERED"},
           FAILED._replace(code="DELIVERED")),
    Pushed("failed without a code", NOT_DELIVERED | {"err_code": None},
           FAILED._replace(code="UNDELIVERABLE")),
    Pushed("failed without a sentence", NOT_DELIVERED | {"err_msg": ""},
           FAILED._replace(reason="The number is out of service or its phone is off.")),
    Pushed("unsubscribed", NOT_DELIVERED | {"err_code": "isv.CUSTOMER_REFUSED"},
           FAILED._replace(code="isv.CUSTOMER_REFUSED", opted_out=True)),
    Pushed("of a part", REPORT | {"out_id": "b1.3"}, DELIVERED),
    Pushed("without an out_id", REPORT | {"out_id": ""}, DELIVERED._replace(batch_ref="")),
    Pushed("with a plus", REPORT | {"phone_number": "+8613800138000"}, DELIVERED),
    Pushed("without a number", REPORT | {"phone_number": "hidden"}, DELIVERED._replace(phone=None)),
    Pushed("without a report time", REPORT | {"report_time": ""},
           DELIVERED._replace(at=AT - timedelta(seconds=5))),
    Pushed("without any time", REPORT | {"report_time": "?", "send_time": None}, DELIVERED._replace(at=None)),
    Pushed("international", GLOBE, DeliveryReceipt(
        MessageStatus.UNDELIVERABLE, "", "b1", "m-1", from_vendor("14155552671"), "9", "no route", AT)),
    Pushed("international, expired", GLOBE | {"Status": 6, "ErrorCode": ""}, DeliveryReceipt(
        MessageStatus.EXPIRED, "", "b1", "m-1", from_vendor("14155552671"), "EXPIRED", "no route", AT)),
    Pushed("a time of the Romans", REPORT | {"report_time": "0001-01-01 00:00:00", "send_time": "9999-12-31"},
           DELIVERED._replace(at=None)),
    Pushed("a time that is none", REPORT | {"report_time": "Mon, 99 Nov 99999 99:99:99", "send_time": [1]},
           DELIVERED._replace(at=None)),
    Pushed("a time in a zone that nobody knows", REPORT | {"report_time": "Mon, 02 Nov 2026 12:00:05 -0000"},
           DELIVERED),
    Pushed("a reply", REPLY, MO),
    Pushed("a reply numbered as in older pages", REPLY | {"sequence_id": 1001, "sign_name": "Acme"},
           MO._replace(sign_name="Acme")),
    Pushed("an empty reply", REPLY | {"content": None}, MO._replace(content="")),
    Pushed("a template's review", {"template_code": "SMS_1", "template_status": "approved", "reason": ""},
           ReviewChange(vendor_code="SMS_1")),
    Pushed("a signature's review", {"sign_name": "Acme", "sign_status": "rejected", "reason": "x"},
           ReviewChange(sign_name="Acme")),
]  # fmt: skip


def pushed(body: bytes, remote_addr: str = "203.0.113.7") -> WebhookRequest:
    """Return a push as the web receives it."""
    url = "https://sms.example.com/hooks/promo/token"
    return WebhookRequest("POST", url, "", b"", {"content-type": "application/json"}, body, remote_addr)


def read(build: Build, *items: dict[str, Any]) -> WebhookResult:
    """Return what a push of these items says."""
    vendor = build()
    return vendor.parse_webhook(vendor.channel, pushed(json.dumps(items).encode()))


def said(result: WebhookResult) -> list[object]:
    """Return everything a result says."""
    return [*result.receipts, *result.replies, *result.reviews]


@pytest.mark.parametrize("row", PUSHED, ids=lambda row: row.id)
def test_what_an_item_says(row: Pushed, build: Build, aliyun: Emulator) -> None:
    """Each item is known by its fields; the answer is the one Aliyun waits for; Aliyun is not called."""
    result = read(build, row.item)
    assert said(result) == [row.said]
    assert json.loads(result.acknowledgement.body)["code"] == 0
    assert (result.acknowledgement.status, aliyun.requests) == (200, [])


def test_many_items_in_one_push(build: Build) -> None:
    """Receipts and replies may come together, and a repeated one is read again: the ledger knows it."""
    result = read(build, REPORT, NOT_DELIVERED, REPLY, REPORT)
    assert list(result.receipts) == [DELIVERED, FAILED, DELIVERED]
    assert list(result.replies) == [MO]


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"test": "the console's button"},
        REPLY | {"phone_number": "hidden"},
    ],
)
def test_what_cannot_be_read(item: dict[str, Any], build: Build, caplog: pytest.LogCaptureFixture) -> None:
    """An item that says nothing usable is counted and acknowledged: pushing it again would not change it."""
    result = read(build, item, REPORT)
    assert said(result) == [DELIVERED]
    assert json.loads(result.acknowledgement.body)["code"] == 0
    assert "1 reports of Aliyun could not be read" in caplog.text


@pytest.mark.parametrize(
    "body", [b"", b"no json", b'"text"', b"[1]", b"[[{}]]", b"\xff\xfe", b"null", b"[" * 100_000]
)
def test_what_is_no_push(body: bytes, build: Build) -> None:
    """Anything else is refused, so that it is not acknowledged."""
    vendor = build()
    with pytest.raises(WebhookRejected):
        vendor.parse_webhook(vendor.channel, pushed(body))


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/json", "utf-8"),
        ("Application/JSON; Charset=UTF-8", "utf-8"),
        ("application/json;charset=GBK", "gbk"),
        ('application/json; charset="GB18030"', "gb18030"),
        ("application/json; charset=utf-16", "utf-16"),
        ("application/json", "utf-8-sig"),
        ("application/json; charset=utf-8", "utf-8-sig"),
        ("", "utf-16-le"),
    ],
)
def test_replies_in_other_encodings(content_type: str, encoding: str, build: Build) -> None:
    """What the content type says of the encoding counts: 退订 stays 退订."""
    vendor = build()
    body = json.dumps([REPLY | {"content": "退订"}], ensure_ascii=False).encode(encoding)
    request = replace(pushed(body), headers={"content-type": content_type})
    assert [each.content for each in vendor.parse_webhook(vendor.channel, request).replies] == ["退订"]


@pytest.mark.parametrize(
    ("item", "receipts", "replies"),
    [
        (REPORT | {"biz_id": "9" * 100_000, "out_id": ["b1"], "sms_size": {}}, 1, 0),
        (REPORT | {"phone_number": {"a": 1}}, 1, 0),
        (REPORT | {"phone_number": "1" * 10_000}, 1, 0),
        (REPORT | {"success": {"a": 1}}, 1, 0),
        (NOT_DELIVERED | {"err_code": ["x"], "err_msg": {"13800138000": 1}}, 1, 0),
        (GLOBE | {"MessageId": None, "ErrorDescription": ["13800138000"]}, 1, 0),
        (REPLY | {"content": {"a": 1}, "sequence_id": [1], "sign_name": 7}, 0, 1),
        ({"template_code": {"a": 1}, "template_status": 1}, 0, 0),
        ({"sign_name": ["x"], "sign_status": None}, 0, 0),
        (REPORT | {"success": "13800138000"}, 1, 0),
    ],
)
def test_hostile_values(
    item: dict[str, Any], receipts: int, replies: int, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody signs a push: values of any type and length are read or passed over, and no number is told."""
    vendor = build()
    result = Hooks(vendor).parse_webhook(pushed(json.dumps([item]).encode()))
    assert (len(result.receipts), len(result.replies)) == (receipts, replies)
    assert all("None" not in receipt.vendor_id for receipt in result.receipts)
    assert "13800138000" not in f"{result!r} {caplog.text}"


def test_a_word_nobody_documents_is_told_once(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    """However many receipts carry it."""
    reports._told.clear()
    read(build, *[REPORT | {"success": "perhaps"}] * 3, *[GLOBE | {"Status": "3"}] * 2)
    told = [record.message for record in caplog.records if "does not know" in record.message]
    assert told == [
        "Receipts of Aliyun have a word in `success` that the bridge does not know: 'perhaps'",
        "Receipts of Aliyun have a word in `Status` that the bridge does not know: '3'",
    ]


def test_a_lone_object_is_read(build: Build) -> None:
    """A report outside a list, as older pages show it."""
    vendor = build()
    assert said(vendor.parse_webhook(vendor.channel, pushed(json.dumps(REPORT).encode()))) == [DELIVERED]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("203.0.113.7", True), ("2001:db8::7", True), ("198.51.100.7", False), ("", False), ("?", False)],
)
def test_only_listed_addresses_may_push(address: str, allowed: bool, build: Build) -> None:
    """With `push_allow_from` set, the address of the pusher decides."""
    vendor = build(push_allow_from=["203.0.113.0/24", "2001:db8::/32"])
    request = pushed(json.dumps([REPORT]).encode(), address)
    if allowed:
        assert said(vendor.parse_webhook(vendor.channel, request)) == [DELIVERED]
    else:
        with pytest.raises(WebhookRejected):
            vendor.parse_webhook(vendor.channel, request)


def test_a_receipt_agrees_with_the_send(aliyun: Emulator, build: Build) -> None:
    """What Aliyun pushes for a message names its batch, its call and its number."""
    vendor = build()
    sent = batch("13800138000", "13900139000", ref="b5", at=datetime.now(UTC))
    results = vendor.send_batch(vendor.channel, sent)
    reports = [
        aliyun.account.settle(aliyun.account.messages[0]),
        aliyun.account.settle(aliyun.account.messages[1], "MOBILE_IN_BLACK"),
    ]
    receipts = vendor.parse_webhook(vendor.channel, pushed(json.dumps(reports).encode())).receipts
    assert [
        (receipt.batch_ref, receipt.vendor_id, receipt.phone, receipt.status) for receipt in receipts
    ] == [
        ("b5", results[0].vendor_id, sent.messages[0].phone, MessageStatus.DELIVERED),
        ("b5", results[1].vendor_id, sent.messages[1].phone, MessageStatus.UNDELIVERABLE),
    ]
