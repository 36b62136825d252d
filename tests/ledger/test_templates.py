"""Reviews reach the text they are about, and never undo what happened to it meanwhile."""

from dataclasses import replace

import pytest

from bridge.ledger import Ledger, StoredTemplate
from bridge.plugin import Carrier, CarrierReview, Kind, ReviewStatus, TemplateType

from .making import CHANNEL, NOW

PENDING = StoredTemplate(
    channel=CHANNEL,
    code="T1",
    kind=Kind.TEXT,
    type=TemplateType.PROMOTION,
    name="Spring",
    content="Dear ${name}",
    remark="",
    sign_name="",
    vendor_code="V1",
    state="",
    status=ReviewStatus.PENDING,
    reason="",
    created=NOW,
    checked=NOW,
)
APPROVED = replace(PENDING, status=ReviewStatus.APPROVED, checked=NOW + 1000)


def test_a_review_is_stored(ledger: Ledger) -> None:
    """All that a vendor tells, whatever characters it used."""
    ledger.templates.save(PENDING)
    told = replace(
        APPROVED,
        vendor_code="V2",
        state="s",
        reason="a\0\ud800",
        carriers={Carrier.UNICOM: CarrierReview(ReviewStatus.REJECTED, "b\0")},
    )
    assert ledger.templates.save_review(PENDING, told)
    stored = ledger.templates.get(CHANNEL, "T1")
    fit = {
        "reason": "a\ufffd?",
        "carriers": {Carrier.UNICOM: CarrierReview(ReviewStatus.REJECTED, "b\ufffd")},
    }
    assert stored == replace(told, **fit)  # type: ignore[arg-type]


CHANGES: dict[str, dict[str, str]] = {
    "another text": {"content": "Hello ${name}"},
    "handed in anew": {"vendor_code": "V2"},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_the_review_of_an_older_text_changes_nothing(ledger: Ledger, changes: dict[str, str]) -> None:
    """Quick Audience changed the template while the vendor was asked about the one before."""
    ledger.templates.save(PENDING)
    changed = replace(PENDING, **changes)  # type: ignore[arg-type]
    ledger.templates.save(changed)
    assert not ledger.templates.save_review(PENDING, APPROVED)
    assert ledger.templates.get(CHANNEL, "T1") == changed


def test_a_review_does_not_bring_a_deleted_template_back(ledger: Ledger) -> None:
    """Nor does it become one of those that may be sent with."""
    ledger.templates.save(PENDING)
    ledger.templates.delete(CHANNEL, "T1", NOW)
    assert not ledger.templates.save_review(PENDING, APPROVED)
    assert ledger.templates.get(CHANNEL, "T1") is None
