"""The values that cross the plugin boundary, and what each error means for a message."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bridge.plugin import (
    SEND,
    Batch,
    BridgeError,
    Carrier,
    CarrierReview,
    ConfigurationFault,
    CredentialsRejected,
    DeliveryReceipt,
    DigitalPart,
    DigitalTemplate,
    DigitalTemplateReview,
    Event,
    EventName,
    Health,
    HeldUntil,
    Limits,
    Message,
    MessageStatus,
    MissingVariable,
    MoMessage,
    NoSuchResource,
    NotAccepted,
    Outcome,
    OutcomeUnknown,
    PendingMessage,
    Phone,
    PollWindow,
    ReviewStatus,
    SignReview,
    TemplateReview,
    TemplateType,
    TextTemplate,
    UnsupportedOperation,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
    Verdict,
    WebhookRequest,
    failure,
)

NUMBER = "13800138000"
PHONE = Phone(NUMBER, "+86" + NUMBER)
TEMPLATE = TextTemplate("T1", "sale", "Hi ${name}", TemplateType.PROMOTION)


class _Timeout(OutcomeUnknown):
    default_code = "VENDOR_TIMEOUT"


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (OutcomeUnknown("?"), Outcome.UNKNOWN, "OUTCOME_UNKNOWN"),
        (OutcomeUnknown("?", code="HTTP_502"), Outcome.UNKNOWN, "HTTP_502"),
        (_Timeout("?"), Outcome.UNKNOWN, "VENDOR_TIMEOUT"),
        (NotAccepted("no"), Outcome.NOT_SENT, "NOT_ACCEPTED"),
        (VendorThrottled("slow", retry_after=3), Outcome.NOT_SENT, "VENDOR_THROTTLED"),
        (VendorUnavailable("gone"), Outcome.NOT_SENT, "VENDOR_UNAVAILABLE"),
        (CredentialsRejected("key", code="10003"), Outcome.NOT_SENT, "10003"),
        (VendorRejected("no"), Outcome.REJECTED, "VENDOR_REJECTED"),
        (NoSuchResource("no"), Outcome.REJECTED, "NO_SUCH_RESOURCE"),
        (UnsupportedOperation("no"), Outcome.REJECTED, "UNSUPPORTED_OPERATION"),
        (ConfigurationFault("no"), Outcome.REJECTED, "CONFIGURATION_FAULT"),
        (MissingVariable("no"), Outcome.REJECTED, "MISSING_VARIABLE"),
        (BridgeError("no"), Outcome.REJECTED, "VENDOR_ERROR"),
    ],
)
def test_failure(error: BridgeError, outcome: Outcome, code: str) -> None:
    """Each error stands for one outcome of a message; only certain non-acceptance allows another try."""
    result = failure(error)
    assert (result.outcome, result.code, result.reason) == (outcome, code, error.reason)
    assert result.error is (error if outcome is Outcome.NOT_SENT else None)


def test_an_error_says_its_code_and_reason() -> None:
    assert str(VendorRejected("Refused.", code="21610")) == "21610: Refused."
    assert str(VendorRejected("Refused.")) == "Refused."


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ("AAA", ReviewStatus.APPROVED),
        ("ARR", ReviewStatus.PARTIAL),
        ("APP", ReviewStatus.PARTIAL),
        ("RRR", ReviewStatus.REJECTED),
        ("RRP", ReviewStatus.PENDING),
        ("PPP", ReviewStatus.PENDING),
        ("", ReviewStatus.PENDING),
        ("A", ReviewStatus.APPROVED),
    ],
)
def test_digital_review(states: str, status: ReviewStatus) -> None:
    letters = {"A": ReviewStatus.APPROVED, "R": ReviewStatus.REJECTED, "P": ReviewStatus.PENDING}
    carriers = {
        carrier: CarrierReview(letters[state]) for carrier, state in zip(Carrier, states, strict=False)
    }
    assert DigitalTemplateReview(carriers).status is status


def test_final_statuses_are_the_ranks_above_accepted() -> None:
    waiting = {MessageStatus.QUEUED, MessageStatus.CALLING, MessageStatus.ACCEPTED}
    assert {status for status in MessageStatus if not status.final} == waiting


@pytest.mark.parametrize(
    ("limits", "uniform", "most"),
    [
        (Limits(), False, 100),
        (Limits(100, 1000), True, 1000),
        (Limits(100, 1000), False, 100),
        (Limits(100), True, 100),
    ],
)
def test_limits(limits: Limits, uniform: bool, most: int) -> None:
    assert limits.for_call(uniform) == most


def _batch(*params: dict[str, str]) -> Batch:
    messages = tuple(
        Message(f"m{index}", PHONE, values, "Hi secret-text") for index, values in enumerate(params)
    )
    return Batch("b1", "out", "Acme", TEMPLATE, messages, datetime(2026, 11, 2, tzinfo=UTC))


def test_a_batch_is_uniform_when_all_parameters_are_equal() -> None:
    assert _batch({"name": "a"}, {"name": "a"}).uniform
    assert _batch({}).uniform
    assert not _batch({"name": "a"}, {"name": "b"}).uniform


@pytest.mark.parametrize(
    "value",
    [
        PHONE,
        _batch({"name": "secret-param"}),
        _batch({"name": "secret-param"}).messages,
        MoMessage(PHONE, "secret-text"),
        WebhookRequest("POST", f"https://x/?to={NUMBER}", "", f"to={NUMBER}".encode(), {}, NUMBER.encode()),
    ],
)
def test_no_repr_shows_a_number_a_text_or_a_parameter(value: object) -> None:
    shown = f"{value!r} {value}"
    assert NUMBER not in shown
    assert "secret" not in shown


def test_a_digital_template_shows_its_text_parts_in_order() -> None:
    parts = (
        DigitalPart("txt", text="one"),
        DigitalPart("jpg", url="https://x"),
        DigitalPart("txt", text="two"),
    )
    assert DigitalTemplate("D1", "n", parts).content == "one\ntwo"


def test_only_a_verdict_without_code_and_moment_sends() -> None:
    assert SEND.sends
    assert not Verdict("SUPPRESSED").sends
    assert not Verdict(defer_until=datetime(2026, 11, 2, tzinfo=UTC)).sends


def test_health_without_error_is_good() -> None:
    assert Health("fine").ok
    assert not Health("bad", VendorUnavailable("gone")).ok


PHONE = Phone("13800138000", "+8613800138000")
TEXT = TextTemplate("T1", "Spring", "Hi", TemplateType.PROMOTION)

# (field, a value that holds the moment)
MOMENTS: list[tuple[str, Callable[[Any], object]]] = [
    ("DeliveryReceipt.at", lambda at: DeliveryReceipt(MessageStatus.DELIVERED, at=at)),
    ("DeliveryReceipt.at", lambda at: DeliveryReceipt(MessageStatus.DELIVERED)._replace(at=at)),
    ("MoMessage.at", lambda at: MoMessage(PHONE, "T", at)),
    ("MoMessage.at", lambda at: MoMessage(PHONE, "T")._replace(at=at)),
    ("PendingMessage.sent_at", lambda at: PendingMessage("m1", "b1", "v1", PHONE, at)),
    ("Verdict.defer_until", lambda at: Verdict(defer_until=at)),
    ("Batch.called_at", lambda at: Batch("b1", "o1", "Acme", TEXT, (), at)),
    ("PollWindow.since", lambda at: PollWindow(at, datetime.now(UTC))),
    ("PollWindow.until", lambda at: PollWindow(datetime.now(UTC), at)),
    ("Event.at", lambda at: Event("promo", EventName.CHANNEL_PAUSED, at)),
    ("SignReview.created_at", lambda at: SignReview(ReviewStatus.APPROVED, created_at=at)),
    ("TemplateReview.created_at", lambda at: TemplateReview(ReviewStatus.APPROVED, created_at=at)),
    ("DigitalTemplateReview.created_at", lambda at: DigitalTemplateReview({}, created_at=at)),
    ("HeldUntil.until", lambda at: HeldUntil("Night.", until=at)),
]


@pytest.mark.parametrize(("field", "make"), MOMENTS)
def test_a_moment_without_a_zone_is_refused_where_it_is_made(
    field: str, make: Callable[[Any], object]
) -> None:
    """It would be read in the zone of whatever host it came to."""
    assert make(datetime(2026, 11, 2, tzinfo=UTC))
    for other in ("2026-11-02 10:00:00", date(2026, 11, 2), 1793620800):
        with pytest.raises(TypeError, match=f"^{field} is no datetime$"):
            make(other)
    with pytest.raises(ValueError, match=f"^{field} has no time zone$"):
        make(datetime(2026, 11, 2))
