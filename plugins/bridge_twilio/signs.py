"""The review of a signature: the worst of what Twilio says about its sender's parts.

Status words: the API definitions of SDK 9.13 (`campaign_status` is free text there), read 2026-11.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.plugin import NoSuchResource, ReviewStatus, SignReview

from . import codes
from .settings import SenderKind, SentFrom

if TYPE_CHECKING:
    from .client import TwilioAccount

_WORST_FIRST = (ReviewStatus.REJECTED, ReviewStatus.PENDING, ReviewStatus.APPROVED)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def review(account: "TwilioAccount", sender: SentFrom) -> SignReview:
    """Return the review of a sender. Raises NoSuchResource when the account has no such sender."""
    if sender.status:
        return SignReview(ReviewStatus(sender.status), sender.reason)
    parts = [*_of_sender(account, sender), *_of_service(account, sender)]
    return min(parts, key=lambda part: _WORST_FIRST.index(part.status))


def _of_sender(account: "TwilioAccount", sender: SentFrom) -> Iterable[SignReview]:
    match sender.kind:
        case SenderKind.NUMBER:
            account.owns_number(sender.from_)
        case SenderKind.TOLL_FREE:
            yield _of_toll_free(account.toll_free_verifications(account.owns_number(sender.from_)))
        case SenderKind.ALPHANUMERIC if sender.messaging_service_sid:
            listed = account.alpha_senders(sender.messaging_service_sid)
            if not any(str(one.alpha_sender).upper() == sender.from_.upper() for one in listed):
                raise NoSuchResource("The messaging service has no such alphanumeric sender.", code="20404")
        case _:
            # Twilio shows no review of short codes, WhatsApp senders and unpooled alphanumeric senders:
            # the configuration's word counts.
            pass
    yield SignReview(ReviewStatus.APPROVED)


def _of_service(account: "TwilioAccount", sender: SentFrom) -> Iterable[SignReview]:
    sid = sender.messaging_service_sid
    if not sid:
        return
    yield SignReview(ReviewStatus.APPROVED, created_at=account.service(sid).date_created)
    if sender.kind in (SenderKind.ALPHANUMERIC, SenderKind.WHATSAPP, SenderKind.TOLL_FREE):
        return  # 10DLC concerns US long codes only
    campaigns = account.campaigns(sid)
    if not campaigns and sender.us_10dlc:
        yield SignReview(ReviewStatus.REJECTED, "The messaging service has no A2P 10DLC campaign.")
    for campaign in campaigns:
        yield _reviewed(codes.CAMPAIGN, campaign.campaign_status, campaign.errors, campaign.date_created)
        if campaign.brand_registration_sid:
            brand = account.brand(campaign.brand_registration_sid)
            yield _reviewed(codes.BRAND, brand.status, brand.errors, brand.date_created)


def _of_toll_free(verifications: Sequence[Any]) -> SignReview:
    if not verifications:
        return SignReview(ReviewStatus.REJECTED, "The toll-free number was never handed in for verification.")
    latest = max(verifications, key=lambda verification: verification.date_created or _LONG_AGO)
    causes = latest.rejection_reasons or [{"reason": latest.rejection_reason, "code": latest.error_code}]
    review = _reviewed(codes.TOLL_FREE, latest.status, causes, latest.date_created)
    if review.status is ReviewStatus.REJECTED and latest.edit_allowed:
        return SignReview(review.status, f"{review.reason} It may be corrected and handed in again.")
    return review


def _reviewed(
    words: Mapping[str, ReviewStatus], word: Any, causes: Any, created_at: datetime | None
) -> SignReview:
    status = words.get(str(word), ReviewStatus.PENDING)
    reason = (_sentence(causes) or str(word)) if status is ReviewStatus.REJECTED else ""
    return SignReview(status, reason, created_at)


def _sentence(causes: Any) -> str:
    """Join the texts of error objects, whose keys differ between campaigns, brands and toll-free."""
    texts = []
    for cause in causes or ():
        text = _first(cause, "description", "message", "reason", "detail")
        code = _first(cause, "error_code", "code")
        if text or code:
            texts.append(f"{text} ({code})" if text and code else text or code)
    return "; ".join(texts)


def _first(cause: Mapping[str, Any], *keys: str) -> str:
    return next((str(cause[key]) for key in keys if cause.get(key)), "")
