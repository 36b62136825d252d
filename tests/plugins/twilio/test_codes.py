"""Every code of Twilio's that the facts name, with its consequence and where that is written.

`docs` is the code's page under twilio.com/docs/api/errors, read 2026-11. `memory` has no page that we read:
such a code is never final, never sent again and never the account's fault.
"""

from typing import Any

import pytest

from bridge.plugin import Consequence, MessageStatus, Outcome, VendorThrottled
from bridge_twilio import codes
from bridge_twilio.reports import Report, Reports

from .conftest import Build
from .emulator import Emulator
from .test_sending import to

THROTTLED, REJECTED, ACCOUNT = Consequence.THROTTLED, Consequence.REJECTED, Consequence.ACCOUNT
SET_UP, OPTED_OUT, UNKNOWN = Consequence.CONFIGURATION, Consequence.OPTED_OUT, Consequence.UNKNOWN

ANSWERS = [
    (20429, THROTTLED, "docs"),
    (20003, ACCOUNT, "docs"),
    (20404, ACCOUNT, "memory; comes with 404, which proves that nothing was taken"),
    (10001, ACCOUNT, "docs"),
    (20005, ACCOUNT, "docs"),
    (90010, ACCOUNT, "docs"),
    (63038, ACCOUNT, "docs: the account's messages in 24 hours; a person asks for more"),
    (21211, REJECTED, "docs"),
    (21614, REJECTED, "docs"),
    (21612, REJECTED, "docs"),
    (21635, REJECTED, "docs"),
    (21408, SET_UP, "docs: the country is not enabled for the account"),
    (21606, ACCOUNT, "docs"),
    (21212, ACCOUNT, "docs: the changelog of 2024-07-10"),
    (21659, ACCOUNT, "docs"),
    (21660, ACCOUNT, "docs"),
    (21661, ACCOUNT, "docs"),
    (21608, REJECTED, "docs"),
    (21609, ACCOUNT, "docs"),
    (21610, OPTED_OUT, "docs"),
    (21611, THROTTLED, "docs"),
    (21617, REJECTED, "docs"),
    (21658, REJECTED, "docs"),
    (21619, REJECTED, "docs"),
    (21602, REJECTED, "docs"),
    (21620, REJECTED, "public documentation that restates it"),
    (21623, REJECTED, "docs"),
    (21655, SET_UP, "docs: the template was deleted or is another account's"),
    (21656, REJECTED, "docs"),
    (21701, ACCOUNT, "docs"),
    (21703, UNKNOWN, "memory"),
    (21704, UNKNOWN, "memory"),
    (21705, ACCOUNT, "docs"),
    (63003, REJECTED, "docs"),
    (63007, ACCOUNT, "docs"),
    (63016, UNKNOWN, "memory"),
    (63017, THROTTLED, "docs"),
    (63018, THROTTLED, "docs"),
]
RECEIPTS = [
    (21610, "failed", MessageStatus.UNDELIVERABLE, True, "docs"),
    (30001, "failed", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30002, "failed", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30003, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30004, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30005, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30006, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30007, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30008, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30009, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30010, "failed", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30011, "failed", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30012, "failed", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30032, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30034, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs"),
    (30036, "failed", MessageStatus.EXPIRED, False, "memory; final by its word"),
    (63014, "undelivered", MessageStatus.UNDELIVERABLE, False, "docs: blocked or opted out, not which"),
    (63018, "failed", MessageStatus.UNDELIVERABLE, False, "docs"),
    (63038, "failed", MessageStatus.UNDELIVERABLE, False, "docs"),
]


@pytest.mark.parametrize(("code", "expected", "source"), ANSWERS)
@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_listed_code_decides(code: int, expected: Consequence, source: str, status: int) -> None:
    """The code decides before the HTTP status, and each has a source."""
    assert source
    assert codes.fault(status, code, {}).consequence is expected


def test_every_listed_code_has_a_row() -> None:
    """Nothing is classed without a source."""
    assert {code for code, _, _ in ANSWERS} == set(codes.SUBMIT)
    assert {code for code, *_ in RECEIPTS} >= set(codes.DELIVERY) - {63003, 63016}


@pytest.mark.parametrize(("code", "word", "status", "opted_out", "source"), RECEIPTS)
def test_a_code_in_a_callback(
    code: int, word: str, status: MessageStatus, opted_out: bool, source: str
) -> None:
    """Callbacks have a table of their own: there, no code pauses the account."""
    assert source
    report = Reports().read(word, str(code))
    assert (report.status, report.code, report.opted_out) == (status, str(code), opted_out)
    assert report.reason == codes.DELIVERY[code]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, None, THROTTLED),
        (429, 99999, THROTTLED),
        (400, 99999, UNKNOWN),
        (400, None, UNKNOWN),
        (413, None, UNKNOWN),
        (401, None, ACCOUNT),
        (401, 99999, ACCOUNT),
        (403, None, ACCOUNT),
        (404, None, UNKNOWN),
        (408, None, UNKNOWN),
        (500, 20500, UNKNOWN),
        (502, 502, UNKNOWN),
        (503, None, UNKNOWN),
        (302, 302, UNKNOWN),
    ],
)
def test_what_is_not_listed(status: int, code: int | None, expected: Consequence) -> None:
    """By what the status proves; a code nobody documents refuses nobody for good."""
    assert codes.fault(status, code, {}).consequence is expected


def test_a_channel_may_class_a_code_otherwise() -> None:
    """The vendor renumbers its codes; an operator need not wait for us."""
    assert codes.fault(400, 21211, {21211: ACCOUNT}) == codes.Meaning(ACCOUNT, codes.SUBMIT[21211].reason)
    assert codes.fault(500, 20500, {20500: THROTTLED}).consequence is THROTTLED


def test_every_reason_is_a_sentence() -> None:
    """Marketers read them."""
    reasons = [*codes.DELIVERY.values(), *(fault.reason for fault in codes.SUBMIT.values())]
    assert all(reason[0].isupper() and reason.endswith(".") for reason in reasons)


@pytest.mark.parametrize(
    ("word", "error_code", "expected"),
    [
        ("delivered", "30008", Report(MessageStatus.DELIVERED, "DELIVERED", "", False)),
        ("delivered", "21610", Report(MessageStatus.DELIVERED, "DELIVERED", "", False)),
        ("read", "30007", Report(MessageStatus.DELIVERED, "DELIVERED", "", False)),
        ("partially_delivered", "30009", Report(MessageStatus.DELIVERED, "DELIVERED", "", False)),
        ("Delivered", "", Report(MessageStatus.DELIVERED, "DELIVERED", "", False)),
        ("sent", "30008", Report(MessageStatus.ACCEPTED, "30008", "", False)),
        ("undelivered", "", Report(MessageStatus.UNDELIVERABLE, "UNDELIVERED", "", False)),
        ("FAILED", "0", Report(MessageStatus.UNDELIVERABLE, "FAILED", "", False)),
        ("failed", "99999", Report(MessageStatus.UNDELIVERABLE, "99999", "", False)),
        ("canceled", "", Report(MessageStatus.UNDELIVERABLE, "CANCELED", "", False)),
        ("teleported", "30005", Report(MessageStatus.ACCEPTED, "30005", "", False, "teleported")),
        ("failed", "٣٠٠", Report(MessageStatus.UNDELIVERABLE, "FAILED", "", False)),
    ],
)
def test_what_a_status_says(word: str, error_code: str, expected: Report) -> None:
    """The word decides, in any case; a success has no failure's code or text; an unknown word is progress."""
    assert Reports().read(word, error_code) == expected


def test_an_unknown_word_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """A campaign of a million messages makes one line of it, and no word makes the log endless."""
    reports = Reports()
    for word in ("teleported", "teleported", "Teleported", *(f"word{number}" for number in range(200))):
        reports.read(word, "")
    assert caplog.text.count("'teleported'") == 1
    assert len(caplog.records) == 100


@pytest.mark.parametrize(
    ("error", "outcome", "posts", "limit"),
    [
        ({"error": 20429, "status": 429}, Outcome.NOT_SENT, 3, 8),
        ({"error": 63038, "status": 429}, Outcome.NOT_SENT, 1, 16),
        ({"error": 21408, "status": 400}, Outcome.NOT_SENT, 3, 16),
        ({"error": 21655, "status": 400}, Outcome.NOT_SENT, 1, 16),
        ({"error": 99999, "status": 400}, Outcome.UNKNOWN, 3, 16),
    ],
)
def test_what_a_code_does_to_the_batch(
    error: dict[str, Any], outcome: Outcome, posts: int, limit: int, twilio: Emulator, build: Build
) -> None:
    """A daily limit pauses and is no rate; a country that is not enabled stops nobody else."""
    twilio.account.rules["+14155550000"] = error
    vendor = build(concurrency=16)
    vendor._crew = type(vendor._crew)(vendor._crew._gate, "one", 1)
    results = vendor.send_batch(vendor.channel, to(3))
    assert results[0].outcome is outcome
    assert isinstance(results[0].error, VendorThrottled) is (error["error"] == 20429)
    assert (twilio.posts(), vendor._crew._gate.limit) == (posts, limit)
