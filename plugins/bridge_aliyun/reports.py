"""What Aliyun pushes, read item by item: receipts, replies and changes of reviews.

A push is a JSON array; an item of the queue is one object with the same fields. An item is known by its
fields, so one address serves every kind of report (fields: help.aliyun.com 101867 and 120998, read 2026-11).
"""

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

from bridge.plugin import (
    Acknowledgement,
    BadNumber,
    DeliveryReceipt,
    MessageStatus,
    MoMessage,
    Phone,
    ReviewChange,
    WebhookRejected,
    WebhookResult,
    from_vendor,
)

from . import codes

CHINA = timezone(timedelta(hours=8))
Item = Mapping[str, Any]
_MOST_WORDS = 100
_told: set[tuple[str, str]] = set()
_log = logging.getLogger(__name__)

# Only "code is a number" is checked; any other answer is taken as failed and pushed again (read 2026-11).
_ACKNOWLEDGED = Acknowledgement(body=b'{"code":0,"msg":"OK"}', content_type="application/json; charset=utf-8")

_SUCCESS = {"true": MessageStatus.DELIVERED, "false": MessageStatus.UNDELIVERABLE}
# The receipts of the international API; a type-3 template's may look like this (not documented for ours).
_GLOBE_STATUS = {
    "1": MessageStatus.DELIVERED,
    "2": MessageStatus.UNDELIVERABLE,
    "6": MessageStatus.EXPIRED,
}


def batch_ref(out_id: object) -> str:
    """Return the batch reference in an OutId: what stands before the dot of a part, or all of it."""
    return str(out_id or "").partition(".")[0]


def moment(text: object) -> datetime | None:
    """Read a time as Aliyun writes it: "2026-11-23 08:15:00" in UTC+8, or RFC 2822 with a zone.

    Returns None for what is no time of this century.
    """
    stripped = str(text or "").strip()
    try:
        read = _parsed(stripped)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # The push is not signed: a year far off would break what is computed with it.
    if not 2000 < read.year < 2100:
        return None
    return read if read.tzinfo else read.replace(tzinfo=CHINA)


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def parse(body: bytes, content_type: str = "") -> WebhookResult:
    """Read a push: UTF-8 or another Unicode, unless its content type names an encoding.

    Raises WebhookRejected when it is not JSON objects in an array.
    """
    header = Message()
    header["content-type"] = content_type
    charset = header.get_content_charset("utf-8")
    try:
        # Bytes say by themselves which Unicode they are, with or without a mark in front.
        items = json.loads(body if charset.startswith("utf") else body.decode(charset))
    except (ValueError, LookupError, RecursionError):
        raise WebhookRejected("The body is not JSON.") from None
    if isinstance(items, Mapping):
        items = [items]
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise WebhookRejected("The body is not a list of reports.")
    return collect(items)


def collect(items: Iterable[Item]) -> WebhookResult:
    """Read every item that can be read; the others are counted in the log, because Aliyun's never change."""
    receipts: list[DeliveryReceipt] = []
    replies: list[MoMessage] = []
    reviews: list[ReviewChange] = []
    unread = 0
    for item in items:
        match _read(item):
            case DeliveryReceipt() as receipt:
                receipts.append(receipt)
            case MoMessage() as reply:
                replies.append(reply)
            case ReviewChange() as review:
                reviews.append(review)
            case None:
                unread += 1
    if unread:
        _log.warning("%d reports of Aliyun could not be read and were passed over", unread)
    return WebhookResult(receipts, replies, reviews, _ACKNOWLEDGED)


def _read(item: Item) -> DeliveryReceipt | MoMessage | ReviewChange | None:
    # A review is only taken as a reason to ask: the push is not authenticated, the question is.
    if item.get("template_code") and "template_status" in item:
        return ReviewChange(vendor_code=str(item["template_code"]))
    if item.get("sign_name") and "sign_status" in item:
        return ReviewChange(sign_name=str(item["sign_name"]))
    if "success" in item:
        return _receipt(item)
    if "MessageId" in item and "Status" in item:
        return _globe_receipt(item)
    if "content" in item:
        return _reply(item)
    return None


def _receipt(item: Item) -> DeliveryReceipt:
    success = str(item["success"]).strip().lower()
    status = _SUCCESS.get(success, MessageStatus.ACCEPTED)
    failed = status is MessageStatus.UNDELIVERABLE
    code = str(item.get("err_code") or "") if failed else ""
    return DeliveryReceipt(
        status,
        batch_ref=batch_ref(item.get("out_id")),
        vendor_id=str(item.get("biz_id") or ""),
        phone=_phone(item.get("phone_number")),
        code=code or status.name,
        reason=codes.failure_reason(code, item.get("err_msg")) if failed else "",
        at=moment(item.get("report_time")) or moment(item.get("send_time")),
        opted_out=failed and code in codes.RECEIPTS_OPTED_OUT,
        unlisted="" if success in _SUCCESS else tell("success", success),
    )


def _globe_receipt(item: Item) -> DeliveryReceipt:
    word = str(item["Status"])
    status = _GLOBE_STATUS.get(word, MessageStatus.ACCEPTED)
    delivered = status is MessageStatus.DELIVERED
    return DeliveryReceipt(
        status,
        batch_ref=batch_ref(item.get("TaskId")),
        vendor_id=str(item["MessageId"] or ""),
        phone=_phone(item.get("To")),
        code="DELIVERED" if delivered else str(item.get("ErrorCode") or status.name),
        reason="" if delivered else codes.readable(item.get("ErrorDescription")),
        at=moment(item.get("ReceiveDate")) or moment(item.get("SendDate")),
        unlisted="" if word in _GLOBE_STATUS else tell("Status", word),
    )


def _reply(item: Item) -> MoMessage | None:
    phone = _phone(item.get("phone_number"))
    if phone is None:
        return None
    return MoMessage(
        phone,
        str(item["content"] or ""),
        at=moment(item.get("send_time")),
        vendor_id=str(item.get("sequence_id") or ""),
        sign_name=str(item.get("sign_name") or ""),
    )


def tell(field: str, word: str) -> str:
    """Tell once of a word that Aliyun does not document: it ends no message. Returns it with its field."""
    told = (field, codes.readable(word)[:30])
    if told not in _told and len(_told) < _MOST_WORDS:
        _told.add(told)
        _log.warning("Receipts of Aliyun have a word in `%s` that the bridge does not know: %r", *told)
    return "=".join(told)


def _phone(text: object) -> Phone | None:
    try:
        return from_vendor(str(text or ""))
    except BadNumber:
        return None
