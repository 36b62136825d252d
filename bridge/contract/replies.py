"""What Quick Audience is answered: exactly the documented fields, in the documented types.

Services return the dataclasses of this module with the bridge's own enumerations and aware datetimes; the
contract's numbers exist only here. Text template reviews count 0 pending, 1 approved, 2 rejected; digital
ones 2 partly approved, 3 rejected; deliveries 1 failed, 2 successful.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from bridge.plugin import Carrier, CarrierReview, MessageStatus, ReviewStatus, TemplateType

from . import dates

NO_COMMENTS = "No review comments"
PENDING_TEXT = "Pending review"
SUCCESS_TEXT = "Success"
DELIVERED = "DELIVERED"

R = TypeVar("R")

# A vendor that calls a text template partly approved lets it be sent.
_TEXT_STATUS = {
    ReviewStatus.PENDING: 0,
    ReviewStatus.APPROVED: 1,
    ReviewStatus.PARTIAL: 1,
    ReviewStatus.REJECTED: 2,
}
_DIGITAL_STATUS = {
    ReviewStatus.PENDING: 0,
    ReviewStatus.APPROVED: 1,
    ReviewStatus.PARTIAL: 2,
    ReviewStatus.REJECTED: 3,
}


@dataclass(frozen=True, slots=True)
class SignReply:
    """The review of a signature; `name` is bare."""

    name: str
    status: ReviewStatus
    reason: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TextTemplateReply:
    """The review of a text template."""

    code: str
    name: str
    content: str
    type: TemplateType
    status: ReviewStatus
    reason: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DigitalTemplateReply:
    """The review of a digital template; a carrier that is absent from `carriers` is pending."""

    code: str
    name: str
    status: ReviewStatus
    carriers: Mapping[Carrier, CarrierReview] = field(default_factory=dict)
    reason: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DetailRow:
    """One message that came to its end. `phone` is the number as Quick Audience wrote it."""

    out_id: str
    phone: str
    status: MessageStatus
    content: str
    template_code: str
    code: str
    sent_at: datetime | None
    received_at: datetime | None

    def __repr__(self) -> str:
        return f"DetailRow(status={self.status.name}, code={self.code!r})"


@dataclass(frozen=True, slots=True)
class DetailsReply:
    """One page of finished messages; `total` counts the rows of all pages."""

    rows: Sequence[DetailRow]
    total: int


class Shape(NamedTuple, Generic[R]):
    """The fields an operation adds to the envelope: their JSON schemas, and how they are filled."""

    schemas: Mapping[str, Mapping[str, Any]]
    payload: Callable[[R], dict[str, Any]]


def envelope(platform_name: str, code: str, message: str, request_id: str, **payload: Any) -> dict[str, Any]:
    """Return the whole answer; errors have no payload."""
    return {
        "platformName": platform_name,
        "code": code,
        "message": message,
        "requestId": request_id,
        **payload,
    }


def encode(answer: Mapping[str, Any]) -> bytes:
    """Write the answer as UTF-8 JSON with nothing escaped that need not be."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def delivery(status: MessageStatus, code: str) -> tuple[int, str]:
    """Return sendStatus and errCode of a final status. Raises ValueError for one that is not final."""
    if not status.final:
        raise ValueError(f"{status.name} is not final")
    if status is MessageStatus.DELIVERED:
        return 2, DELIVERED
    return 1, code or status.name


def _date(moment: datetime | None) -> str:
    return dates.emit(moment) if moment else ""


def _sign(reply: SignReply) -> dict[str, Any]:
    return {
        "signName": reply.name,
        "signStatus": _TEXT_STATUS[reply.status],
        "reason": _reason(reply.status, reply.reason),
        "createDate": _date(reply.created_at),
    }


def _text_template(reply: TextTemplateReply) -> dict[str, Any]:
    return {
        "templateCode": reply.code,
        "templateName": reply.name,
        "templateContent": reply.content,
        "templateType": int(reply.type),
        "templateStatus": _TEXT_STATUS[reply.status],
        "reason": _reason(reply.status, reply.reason),
        "createDate": _date(reply.created_at),
    }


def _digital_template(reply: DigitalTemplateReply) -> dict[str, Any]:
    factory = {carrier.value: _carrier(reply.carriers.get(carrier)) for carrier in Carrier}
    return {
        "templateCode": reply.code,
        "templateName": reply.name,
        "templateStatus": _DIGITAL_STATUS[reply.status],
        "reason": _reason(reply.status, reply.reason or _rejections(reply.carriers)),
        "supportFactory": json.dumps(factory, ensure_ascii=False),
        "createDate": _date(reply.created_at),
    }


def _carrier(review: CarrierReview | None) -> str:
    if review is None or review.status is ReviewStatus.PENDING:
        return PENDING_TEXT
    if review.status is ReviewStatus.REJECTED:
        return review.reason or "Rejected"
    return SUCCESS_TEXT


def _rejections(carriers: Mapping[Carrier, CarrierReview]) -> str:
    return "; ".join(
        f"{carrier.value}: {_carrier(review)}"
        for carrier, review in carriers.items()
        if review.status is ReviewStatus.REJECTED
    )


def _reason(status: ReviewStatus, reason: str) -> str:
    if status in (ReviewStatus.APPROVED, ReviewStatus.PENDING):
        return NO_COMMENTS
    return reason or "The reviewer gave no reason."


def _details(reply: DetailsReply) -> dict[str, Any]:
    return {"totalCount": reply.total, "sendDetailDTOs": [_detail(row) for row in reply.rows]}


def _detail(row: DetailRow) -> dict[str, Any]:
    send_status, code = delivery(row.status, row.code)
    return {
        "content": row.content,
        "errCode": code,
        "outId": row.out_id,
        "phoneNum": row.phone,
        "receiveDate": _date(row.received_at),
        "sendDate": _date(row.sent_at),
        "sendStatus": send_status,
        "templateCode": row.template_code,
    }


_TEXT = {"type": "string"}
_INT32 = {"type": "integer", "format": "int32"}


def _numbered(*meanings: str) -> dict[str, Any]:
    listed = "; ".join(f"{number} {meaning}" for number, meaning in enumerate(meanings))
    return {**_INT32, "enum": list(range(len(meanings))), "description": listed}


_REVIEW = {"reason": _TEXT, "createDate": {**_TEXT, "description": "yyyy-MM-dd HH:mm:ss, UTC+8"}}
_DETAIL_FIELDS = ("content", "errCode", "outId", "phoneNum", "receiveDate", "sendDate", "templateCode")
_DETAIL_SCHEMA = {
    "type": "object",
    "required": [*_DETAIL_FIELDS, "sendStatus"],
    "properties": {
        **dict.fromkeys(_DETAIL_FIELDS, _TEXT),
        "sendStatus": {"type": "integer", "enum": [1, 2], "description": "1 failed; 2 successful"},
    },
}

SIGN = Shape(
    {"signName": _TEXT, "signStatus": _numbered("pending", "approved", "rejected"), **_REVIEW}, _sign
)
TEMPLATE_CODE = Shape[str]({"templateCode": {**_TEXT, "maxLength": 30}}, lambda code: {"templateCode": code})
TEXT_TEMPLATE = Shape(
    {
        "templateCode": _TEXT,
        "templateName": _TEXT,
        "templateContent": _TEXT,
        "templateType": _numbered("captcha", "notification", "promotional", "international"),
        "templateStatus": _numbered("pending", "approved", "rejected"),
        **_REVIEW,
    },
    _text_template,
)
DIGITAL_TEMPLATE = Shape(
    {
        "templateCode": _TEXT,
        "templateName": _TEXT,
        "templateStatus": _numbered("pending", "approved", "partly approved", "rejected"),
        "supportFactory": {
            **_TEXT,
            "description": "JSON text: UNICOM, MOBILE, TELCOM to Success or a reason",
        },
        **_REVIEW,
    },
    _digital_template,
)
BIZ_ID = Shape[str]({"bizId": {**_TEXT, "maxLength": 64}}, lambda biz_id: {"bizId": biz_id})
DETAILS = Shape(
    {"totalCount": _INT32, "sendDetailDTOs": {"type": "array", "items": _DETAIL_SCHEMA}}, _details
)
