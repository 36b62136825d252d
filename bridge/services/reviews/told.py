"""What an account's word on a template comes to, by one rule for the primary and for every other account."""

from dataclasses import replace
from typing import TypeVar

from bridge.ledger import Filed, StoredTemplate
from bridge.plugin import CreatedTemplate, DigitalTemplateReview, Kind, ReviewStatus, Template, TemplateReview

from .filing import NO_CODE, Filing, Review, carriers_with

Kept = TypeVar("Kept", StoredTemplate, Filed)
"""What is kept of a template at an account."""


def decided_here(kept: Kept, shown: Template, filing: Filing, *, auto: bool) -> Kept:
    """Return what is kept once the bridge reviews for an account that takes no templates.

    `auto`: what needs no code of the vendor's is approved; anything else waits for a person.
    """
    lacking = filing.lacks_code(shown)
    status = ReviewStatus.APPROVED if auto and not lacking else ReviewStatus.PENDING
    reason, carriers = NO_CODE if lacking else "", carriers_with(shown.kind, status)
    return replace(kept, status=status, reason=reason, carriers=carriers)


def handed_in(kept: Kept, kind: Kind, created: CreatedTemplate) -> Kept:
    """Return what is kept once an account has taken a template, or its change."""
    return replace(
        _known_as(kept, created),
        status=created.status,
        reason=created.reason,
        carriers=carriers_with(kind, created.status),
    )


def reviewed(kept: Kept, review: Review, now: int) -> Kept:
    """Return what is kept once an account has told its review."""
    carriers = dict(review.carriers) if isinstance(review, DigitalTemplateReview) else kept.carriers
    return replace(
        _known_as(kept, review), status=review.status, reason=review.reason, carriers=carriers, checked=now
    )


def _known_as(kept: Kept, told: CreatedTemplate | TemplateReview | DigitalTemplateReview) -> Kept:
    """Return what is kept under the code and state that an account tells, if it tells any."""
    return replace(
        kept,
        vendor_code=kept.vendor_code if told.vendor_code is None else told.vendor_code,
        state=kept.state if told.state is None else told.state,
    )
