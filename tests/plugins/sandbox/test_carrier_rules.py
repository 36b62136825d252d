"""What the sandbox carrier decides: reviews, refusals, fates, and what it lets itself be told."""

from typing import Any

import pytest

from bridge_sandbox.carrier.faults import AFTER, BEFORE, FaultRates, FaultyDay
from bridge_sandbox.carrier.rules import (
    DELIVERED,
    FAILURES,
    MAX_TEXT,
    OPT_OUT,
    REPLIES,
    Letter,
    Profile,
    carrier_of,
    fate,
    review,
)
from bridge_sandbox.vendor import LONGEST_TEXT

NUMBERS = [f"86138{index:08d}" for index in range(4000)]


@pytest.mark.parametrize(
    ("name", "due", "status", "telcom"),
    [
        ("Sale", True, "approved", "approved"),
        ("Sale", False, "pending", "pending"),
        ("Reject me", True, "rejected", "rejected"),
        ("Reject me", False, "pending", "pending"),
        ("still PENDING", True, "pending", "pending"),
        ("partial", True, "partial", "rejected"),
        ("促销", True, "approved", "approved"),
    ],
)
def test_review(name: str, due: bool, status: str, telcom: str) -> None:
    found = review(name, due)
    assert found["status"] == status
    assert found["carriers"]["TELCOM"] == telcom
    assert bool(found["reason"]) is (status in ("rejected", "partial"))


@pytest.mark.parametrize(
    ("number", "carrier"),
    [
        ("8613800138000", "MOBILE"),
        ("8613012345678", "UNICOM"),
        ("8618612345678", "UNICOM"),
        ("8618912345678", "TELCOM"),
    ],
)
def test_carrier(number: str, carrier: str) -> None:
    assert carrier_of(number) == carrier


def test_the_same_seed_and_number_fare_the_same() -> None:
    profile = Profile(failure_rate=0.3, reply_rate=0.3, seed=7)
    assert [fate(profile, number) for number in NUMBERS] == [fate(profile, number) for number in NUMBERS]
    other = Profile(failure_rate=0.3, reply_rate=0.3, seed=8)
    assert [fate(profile, number) for number in NUMBERS] != [fate(other, number) for number in NUMBERS]


@pytest.mark.parametrize(
    ("rates", "share", "expected"),
    [
        ({"failure_rate": 0.2}, lambda code, reply: code in FAILURES, 0.2),
        ({"silence_rate": 0.2}, lambda code, reply: code == "", 0.2),
        ({"reply_rate": 0.2}, lambda code, reply: reply in REPLIES, 0.2),
        ({"reply_rate": 1}, lambda code, reply: reply in OPT_OUT, 3 / 8),
        ({}, lambda code, reply: (code, reply) == (DELIVERED, ""), 1),
        ({"failure_rate": 1, "reply_rate": 1}, lambda code, reply: code in FAILURES and reply == "", 1),
        ({"silence_rate": 1, "failure_rate": 1}, lambda code, reply: (code, reply) == ("", ""), 1),
    ],
)
def test_rates(rates: dict[str, float], share: Any, expected: float) -> None:
    fates = [fate(Profile(**rates), number) for number in NUMBERS]  # type: ignore[arg-type]
    assert sum(share(*found) for found in fates) / len(fates) == pytest.approx(expected, abs=0.03)


def _letter(kind: str = "text", template_type: str = "promotion", name: str = "x", **fields: Any) -> Letter:
    template = {
        "kind": kind,
        "type": template_type,
        "content": "Hi ${name}",
        "review": review(name, due=True),
    }
    return Letter(template | fields, "Acme", frozenset({"8613800000009"}))


@pytest.mark.parametrize(
    ("letter", "number", "code"),
    [
        (_letter(), "8613800138000", ""),
        (_letter(), "13800138000", "INVALID_NUMBER"),
        (_letter(), "14155552671", "INVALID_NUMBER"),
        (_letter(), "86138001380000", "INVALID_NUMBER"),
        (_letter(template_type="international"), "14155552671", ""),
        (_letter(template_type="international"), "+14155552671", "INVALID_NUMBER"),
        (_letter(), "8613800000009", "OPTED_OUT"),
        (_letter("digital", name="partial"), "8618912345678", "CARRIER_NOT_APPROVED"),
        (_letter("digital", name="partial"), "8613012345678", ""),
        (_letter("digital"), "8618912345678", ""),
    ],
)
def test_refusal(letter: Letter, number: str, code: str) -> None:
    assert (letter.refusal(number) or ("",))[0] == code


def test_a_letter_is_signed_and_filled_in_once() -> None:
    assert _letter().text({"name": "${name}"}) == "【Acme】Hi ${name}"
    with pytest.raises(KeyError, match="name"):
        _letter().text({})


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"lost_answers": 0.1}, "there is no fault 'lost_answers'; known are error_after"),
        ({"hang": 1.5}, "hang must be a number from 0 to 1"),
        ({"hang": -0.1}, "hang must be"),
        ({"hang": "much"}, "hang must be"),
        ({"hang": True}, "hang must be"),
        ({"hang": 0.6, "throttle": 0.6}, "add up to more than 1"),
    ],
)
def test_faults_that_make_no_sense(raw: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        FaultRates.parse(raw)


@pytest.mark.parametrize("name", BEFORE + AFTER)
def test_a_fault_of_one_strikes_every_send(name: str) -> None:
    day = FaultyDay(FaultRates.parse({name: 1}))
    assert {day.strike_send() for _ in range(20)} == {name}
    assert day.state()["happened"] == {name: 20}


def test_faults_strike_as_often_as_they_are_told() -> None:
    day = FaultyDay(FaultRates.parse({"lost_answer": 0.1, "throttle": 0.2}), seed=3)
    struck = [day.strike_send() for _ in range(5000)]
    assert struck.count("lost_answer") == pytest.approx(500, abs=80)
    assert struck.count("throttle") == pytest.approx(1000, abs=120)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"failures": 1}, "no setting 'failures'"),
        ({"failure_rate": "1"}, "failure_rate is of the wrong type"),
        ({"seed": 1.5}, "seed is of the wrong type"),
        ({"webhook": None}, "webhook is of the wrong type"),
    ],
)
def test_profiles_that_make_no_sense(raw: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Profile.parse(raw)


def test_the_plugin_knows_the_carrier_s_longest_text() -> None:
    """A preview tells of it before a send is refused."""
    assert LONGEST_TEXT == MAX_TEXT
