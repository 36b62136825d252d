"""Reads a callback as strictly as the contract is written: what Quick Audience might refuse is refused.

Sections 13 and 14 of the contract. The signature's algorithm is shared with the bridge (and pinned by test
vectors); every other expectation is written down here a second time, on purpose.
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl

from bridge.contract.signing import sign

RECEIPTS_PATH = "/restapi/marketing2/third/sms/callback/send/details"
REPLIES_PATH = "/restapi/marketing2/third/sms/callback/send/reply"

_RECEIPT_FIELDS = frozenset(
    {"outId", "phoneNum", "sendStatus", "sendDate", "receiveDate", "errCode", "message"}
)
_REPLY_FIELDS = frozenset({"outId", "phoneNum", "sendTime", "content"})
_TIMESTAMP = re.compile(r"[0-9]{10}")
_NONCE = re.compile(r"[0-9A-Za-z]{32}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


class CallbackRefused(Exception):
    """The callback breaks the contract; `status` is the HTTP status and the `code` of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Receipt(NamedTuple):
    """One entry of a receipt push; dates are as pushed, in UTC+8."""

    out_id: str
    phone: str
    delivered: bool
    sent_at: str
    received_at: str
    code: str
    message: str


class PushedReply(NamedTuple):
    """One entry of a reply push; the date is as pushed, in UTC+8."""

    out_id: str
    phone: str
    at: str
    content: str


@dataclass(frozen=True)
class Rules:
    """What this Quick Audience expects of its callers.

    `key` "" switches authentication off; `skew_s` is how far a timestamp may be from now, in seconds;
    `push_limit` the most entries in one push; `send_status` the JSON type of a receipt's sendStatus.
    """

    key: str
    skew_s: float = 300
    push_limit: int = 500
    send_status: Literal["string", "integer"] = "string"


def authenticate(rules: Rules, query: str, headers: Mapping[str, str], now: float) -> str:
    """Check timestamp, nonce and signature. Returns the signature (or the nonce when there is no key).

    `headers` has names in lower case; `now` is in epoch seconds. Raises CallbackRefused.
    """
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    if sorted(name for name, _ in pairs) != ["nonce", "timestamp"]:
        raise CallbackRefused(401, "The query must hold timestamp and nonce, once each, and nothing else.")
    values = dict(pairs)
    timestamp, nonce = values["timestamp"], values["nonce"]
    if not _TIMESTAMP.fullmatch(timestamp):
        raise CallbackRefused(401, "timestamp is not in seconds, 10 digits.")
    if not _NONCE.fullmatch(nonce):
        raise CallbackRefused(401, "nonce is not a random string of 32 characters.")
    signature = headers.get("x-qa-hmac-signature")
    if signature is None:
        raise CallbackRefused(401, "The header X-QA-Hmac-Signature is missing.")
    if not rules.key:
        if signature:
            raise CallbackRefused(401, "Authentication is off: X-QA-Hmac-Signature must be empty.")
        return nonce
    if not hmac.compare_digest(signature.encode(), sign(rules.key, timestamp, nonce).encode()):
        raise CallbackRefused(401, "The signature does not match.")
    if abs(now - int(timestamp)) > rules.skew_s:
        raise CallbackRefused(403, "timestamp is too far from now.")
    return signature


def read_receipts(rules: Rules, content_type: str, body: bytes) -> list[Receipt]:
    """Return the entries of a receipt push. Raises CallbackRefused for the first thing that is wrong."""
    entries = _entries(rules, content_type, body, "thirdSmsSendDetailModelList", _RECEIPT_FIELDS)
    wanted = str if rules.send_status == "string" else int
    receipts = [_receipt(entry, wanted) for entry in entries]
    if len({receipt.out_id for receipt in receipts}) > 1:
        raise CallbackRefused(400, "The entries of one push must have the same outId.")
    return receipts


def read_replies(rules: Rules, content_type: str, body: bytes) -> list[PushedReply]:
    """Return the entries of a reply push. Raises CallbackRefused for the first thing that is wrong."""
    entries = _entries(rules, content_type, body, "thirdSmsSendReplyModelList", _REPLY_FIELDS)
    return [_reply(entry) for entry in entries]


def _entries(
    rules: Rules, content_type: str, body: bytes, list_name: str, fields: frozenset[str]
) -> list[dict[str, Any]]:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise CallbackRefused(400, "Content-Type is not application/json.")
    try:
        document = json.loads(body.decode("utf-8"))
    except ValueError:
        raise CallbackRefused(400, "The body is not JSON in UTF-8.") from None
    if not isinstance(document, dict) or document.keys() != {list_name}:
        raise CallbackRefused(400, f"The body is not an object with the one field {list_name}.")
    entries = document[list_name]
    if not isinstance(entries, list) or not 1 <= len(entries) <= rules.push_limit:
        raise CallbackRefused(400, f"{list_name} is not a list of 1 to {rules.push_limit} entries.")
    for entry in entries:
        if not isinstance(entry, dict) or entry.keys() != fields:
            raise CallbackRefused(
                400, f"An entry does not have exactly the fields {', '.join(sorted(fields))}."
            )
    return entries


def _receipt(entry: dict[str, Any], status_type: type) -> Receipt:
    status = entry["sendStatus"]
    if type(status) is not status_type or str(status) not in ("1", "2"):
        raise CallbackRefused(400, f"sendStatus is not 1 or 2 as {status_type.__name__}.")
    delivered = str(status) == "2"
    receipt = Receipt(
        _text(entry, "outId"),
        _text(entry, "phoneNum"),
        delivered,
        _date(entry, "sendDate"),
        _date(entry, "receiveDate"),
        _text(entry, "errCode"),
        _text(entry, "message", may_be_empty=delivered),
    )
    if delivered is not (receipt.code == "DELIVERED"):
        raise CallbackRefused(400, "errCode must be DELIVERED for a success and an error's code otherwise.")
    return receipt


def _reply(entry: dict[str, Any]) -> PushedReply:
    return PushedReply(
        _text(entry, "outId"),
        _text(entry, "phoneNum"),
        _date(entry, "sendTime"),
        _text(entry, "content", may_be_empty=True),
    )


def _text(entry: dict[str, Any], field: str, *, may_be_empty: bool = False) -> str:
    value = entry[field]
    if type(value) is not str:
        raise CallbackRefused(400, f"{field} is not a string.")
    if not value and not may_be_empty:
        raise CallbackRefused(400, f"{field} is empty.")
    return value


def _date(entry: dict[str, Any], field: str) -> str:
    value = _text(entry, field)
    if not _is_date(value):
        raise CallbackRefused(400, f"{field} is not a date of the form yyyy-MM-dd HH:mm:ss.")
    return value


@lru_cache(maxsize=4096)
def _is_date(value: str) -> bool:
    """Return True for an existing moment; receipts of one second share the answer."""
    if not _DATE.fullmatch(value):
        return False
    try:
        datetime.strptime(value, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return False
    return True
