"""Requests, answers and results as text, the way samples and the commands write them."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bridge.plugin import (
    BridgeError,
    CreatedTemplate,
    DeliveryReceipt,
    DigitalTemplateReview,
    Health,
    MoMessage,
    Phone,
    ReceiptPage,
    ReplyPage,
    ReviewChange,
    SignReview,
    SubmitResult,
    TemplateReview,
    WebhookRequest,
    WebhookResult,
)

from .answer.errors import VendorAnswer
from .request.building import Built

HOOK_URL = "https://sms.example.com/hooks/promo/token"
"""The webhook prefix that samples see."""


def read_answer(text: str) -> VendorAnswer:
    """Return an HTTP answer as text: a line with the status, header lines, an empty line, the body."""
    first, headers, body = _message(text)
    return VendorAnswer(int(first.split()[0]), headers, body)


def read_webhook(text: str) -> WebhookRequest:
    """Return an HTTP request as text, as written by hand or saved from a log. Raises ValueError."""
    first, headers, body = _message(text)
    match = re.match(r"([A-Z]+) (\S+)", first)
    if match is None:
        raise ValueError("the first line must be like: POST /receipt")
    host = headers.get("host", "sms.example.com")
    prefix = f"https://{host}" if match[2].startswith("/hooks/") else HOOK_URL
    url = match[2] if "://" in match[2] else prefix + match[2]
    parts = urlsplit(url)
    tail = re.sub(r"^/hooks/[^/]+/[^/]+", "", parts.path)  # saved requests show the channel and its token
    return WebhookRequest(match[1], url, tail, parts.query.encode(), headers, body)


def _message(text: str) -> tuple[str, dict[str, str], bytes]:
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.strip("\n").split("\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return first, headers, body.removesuffix("\n").encode()


def written(built: Built) -> str:
    """Return a request as text: method and URL, headers, an empty line, the body."""
    lines = [f"{built.method} {built.url}", *(f"{name}: {value}" for name, value in built.headers.items())]
    return "\n".join(lines) + ("\n\n" + built.body.decode("utf-8", "backslashreplace") if built.body else "")


def described(value: Any) -> list[str]:
    """Return what the bridge makes of an answer, a line each."""
    if isinstance(value, SubmitResult) or not isinstance(value, Sequence):
        value = getattr(value, "receipts", None) or getattr(value, "replies", None) or [value]
    if value and isinstance(value[0], ReceiptPage | ReplyPage):
        return []  # an empty page
    return [line(item) for item in value]


def why(value: Any) -> str:
    """Return the reasons an answer gives for what was not done, each once."""
    values = value if isinstance(value, Sequence) and not isinstance(value, SubmitResult) else [value]
    return "; ".join(dict.fromkeys(reason for item in values if (reason := getattr(item, "reason", ""))))


def line(value: Any) -> str:
    """Return one result, receipt, reply or review as a line; absent parts are left out."""
    words = next((words(value) for kind, words in _WORDS.items() if isinstance(value, kind)), [str(value)])
    return " ".join(word for word in words if word)


def _result(value: SubmitResult) -> list[str]:
    ids = value.segment_ids or (value.vendor_id,)
    return [value.outcome.value, *ids, value.code, "opted_out" if value.opted_out else ""]


def _receipt(value: DeliveryReceipt) -> list[str]:
    fields = _fields(value, "message_ref", "batch_ref", "vendor_id", "phone", "code", "at")
    segment = f"segment={value.segment}/{value.segments}" if value.segments else ""
    price = f"price={value.price}{value.currency}" if value.price is not None and value.currency else ""
    return [value.status.name.lower(), *fields, segment, price, "opted_out" if value.opted_out else ""]


def _reply(value: MoMessage) -> list[str]:
    fields = _fields(value, "phone", "vendor_id", "at", "sign_name", "message_ref", "batch_ref")
    return [*fields, "opted_out" if value.opt_out else "", f"content={value.content}"]


def _change(value: ReviewChange) -> list[str]:
    if value.review is None:
        return ["changed", value.vendor_code]
    return [value.review.status.value, value.vendor_code, value.review.reason]


def _digital(value: DigitalTemplateReview) -> list[str]:
    carriers = [f"{carrier.value}={review.status.value}" for carrier, review in value.carriers.items()]
    return [*carriers, value.reason]


_WORDS: dict[Any, Callable[[Any], list[str]]] = {
    SubmitResult: _result,
    DeliveryReceipt: _receipt,
    MoMessage: _reply,
    ReviewChange: _change,
    DigitalTemplateReview: _digital,
    CreatedTemplate: lambda value: [value.status.value, value.vendor_code or "", value.reason],
    TemplateReview: lambda value: [value.status.value, value.reason, *_fields(value, "created_at")],
    SignReview: lambda value: [value.status.value, value.reason, *_fields(value, "created_at")],
    Health: lambda value: ["ok"] if value.error is None else [type(value.error).__name__, value.error.code],
    BridgeError: lambda value: [type(value).__name__, value.code],
}


def _fields(value: Any, *names: str) -> list[str]:
    words = []
    for name in names:
        item = getattr(value, name)
        if isinstance(item, Phone):
            item = item.e164
        if isinstance(item, datetime):
            item = item.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if item:
            words.append(f"{name}={item}")
    return words


def webhook_lines(result: WebhookResult) -> list[str]:
    """Return everything a webhook said, a line each, and how it is answered."""
    lines = [f"receipt: {line(receipt)}" for receipt in result.receipts]
    lines += [f"reply: {line(reply)}" for reply in result.replies]
    lines += [f"review: {line(review)}" for review in result.reviews]
    if result.confirm is not None:
        lines.append("confirm: the address it names is visited when all is stored, before it is answered")
    ack = result.acknowledgement
    return [*lines, f"answer: {ack.status} {ack.content_type} {ack.body.decode()!r}"]
