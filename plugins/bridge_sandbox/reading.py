"""What the carrier's answers and pages say, as values of the bridge."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.plugin import (
    Carrier,
    CarrierReview,
    CreatedTemplate,
    DeliveryReceipt,
    DigitalTemplateReview,
    MessageStatus,
    MoMessage,
    ReviewChange,
    ReviewStatus,
    SubmitResult,
    TemplateReview,
    accepted,
    from_vendor,
    rejected,
    unknown,
)

from .codes import REFUSALS, STATUSES

_MOST_CODES = 100
_told: set[str] = set()

logger = logging.getLogger(__name__)


def created(answer: Mapping[str, Any]) -> CreatedTemplate:
    """Read what became of a template handed in."""
    return CreatedTemplate(answer["template"], ReviewStatus(answer["status"]), answer["reason"])


def digital_review(answer: Mapping[str, Any]) -> DigitalTemplateReview:
    """Read the carriers' reviews of a digital template."""
    carriers = {
        Carrier(name): CarrierReview(ReviewStatus(status), answer["reason"] if status == "rejected" else "")
        for name, status in answer["carriers"].items()
    }
    return DigitalTemplateReview(carriers, answer["reason"])


def submitted(result: Mapping[str, str]) -> SubmitResult:
    """Read what became of one message of a call. A code that is not documented ends nobody."""
    if result.get("id"):
        return accepted(result["id"])
    code = result["code"]
    if code not in REFUSALS:
        return unknown("The carrier gave an unknown error.", code)
    return rejected(code, result["reason"], opted_out=code == "OPTED_OUT")


def receipt(entry: Mapping[str, Any]) -> DeliveryReceipt:
    """Read a delivery receipt. A code that is not documented settles nothing, and is told once."""
    status = STATUSES.get(entry["code"])
    unlisted = "" if status else told_once(entry["code"])
    return DeliveryReceipt(
        status=status or MessageStatus.ACCEPTED,
        message_ref=entry["ref"],
        batch_ref=entry["batch_ref"],
        vendor_id=entry["id"],
        phone=from_vendor(entry["to"]),
        code=entry["code"],
        at=moment(entry["at"]),
        unlisted=unlisted,
    )


def told_once(code: str) -> str:
    """Log a code of delivery that is in no table, the first time it comes. Returns it."""
    shown = str(code)[:40]
    if shown not in _told and len(_told) < _MOST_CODES:
        _told.add(shown)
        logger.warning("The carrier's code %r is in no table; its messages stay open.", shown)
    return shown


def reply(entry: Mapping[str, Any]) -> MoMessage:
    """Read a reply."""
    return MoMessage(
        phone=from_vendor(entry["from"]),
        content=entry["text"],
        at=moment(entry["at"]),
        vendor_id=entry["id"],
        sign_name=entry["sign"],
        batch_ref=entry["batch_ref"],
        message_ref=entry["ref"],
        opt_out=True if entry["opted_out"] else None,
    )


def review_change(entry: Mapping[str, Any]) -> ReviewChange:
    """Read how a review went on."""
    if entry["kind"] == "digital":
        return ReviewChange(vendor_code=entry["template"], review=digital_review(entry))
    review = TemplateReview(ReviewStatus(entry["status"]), entry["reason"])
    return ReviewChange(vendor_code=entry["template"], review=review)


def moment(seconds: float) -> datetime:
    """Read a time in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
