"""What each consequence of a vendor's code stands for."""

from datetime import UTC, datetime

import pytest

from bridge.plugin import (
    BridgeError,
    ConfigurationRefused,
    Consequence,
    CredentialsRejected,
    HeldUntil,
    NoSuchResource,
    OptedOut,
    Outcome,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
    failure,
)

MORNING = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
C = Consequence
ROWS: list[tuple[Consequence, type[BridgeError], Outcome]] = [
    (C.THROTTLED, VendorThrottled, Outcome.NOT_SENT),
    (C.UNAVAILABLE, VendorUnavailable, Outcome.NOT_SENT),
    (C.ACCOUNT, CredentialsRejected, Outcome.NOT_SENT),
    (C.CONFIGURATION, ConfigurationRefused, Outcome.NOT_SENT),
    (C.HOLD, HeldUntil, Outcome.NOT_SENT),
    (C.REJECTED, VendorRejected, Outcome.REJECTED),
    (C.MISSING, NoSuchResource, Outcome.REJECTED),
    (C.OPTED_OUT, OptedOut, Outcome.REJECTED),
    (C.UNKNOWN, OutcomeUnknown, Outcome.UNKNOWN),
]


def test_every_consequence_has_a_row() -> None:
    assert [row[0] for row in ROWS] == list(Consequence)


@pytest.mark.parametrize(("consequence", "kind", "outcome"), ROWS)
def test_a_consequence_becomes_an_error_and_a_result(
    consequence: Consequence, kind: type[BridgeError], outcome: Outcome
) -> None:
    error = consequence.error("No.", code="77", retry_after=5.0, until=MORNING)
    assert type(error) is kind
    assert (error.reason, error.code) == ("No.", "77")
    result = failure(error)
    assert (result.outcome, result.code, result.reason) == (outcome, "77", "No.")
    assert result.opted_out is (consequence is C.OPTED_OUT)


def test_what_was_not_accepted_keeps_the_vendors_wait() -> None:
    throttled = C.THROTTLED.error("Slow.", retry_after=5.0)
    assert isinstance(throttled, VendorThrottled)
    assert throttled.retry_after == 5.0
    assert throttled.code == "VENDOR_THROTTLED"


def test_a_hold_names_an_aware_moment() -> None:
    held = C.HOLD.error("Night.", until=MORNING)
    assert isinstance(held, HeldUntil)
    assert held.until == MORNING
    with pytest.raises(ValueError, match="until"):
        C.HOLD.error("Night.")
    with pytest.raises(ValueError, match="time zone"):
        C.HOLD.error("Night.", until=MORNING.replace(tzinfo=None))
