"""QuerySendDetails: proof of acceptance for a lost answer, and receipts that no push brought."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.plugin import (
    DeliveryReceipt,
    MessageStatus,
    Outcome,
    PendingMessage,
    PollWindow,
    VendorThrottled,
)
from bridge.plugin.phone import parse
from bridge_aliyun.details import Details
from bridge_aliyun.vendor import Aliyun

from .conftest import Build
from .emulator import Account, Emulator, Message
from .samples import HELLO, INTERNATIONAL, batch, numbers

ACCEPTED, UNKNOWN = Outcome.ACCEPTED, Outcome.UNKNOWN
NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
# 23:50 in China: what was called before midnight may be recorded on the next day.
LATE = datetime(2026, 11, 2, 15, 50, tzinfo=UTC)
EARLY = datetime(2026, 11, 2, 16, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fault", "outcome"), [("lost_answer", ACCEPTED), ("lost_request", UNKNOWN), ("closed_after", ACCEPTED)]
)
def test_a_lost_answer_is_looked_up(fault: str, outcome: Outcome, aliyun: Emulator, build: Build) -> None:
    """Found under the batch's reference it was accepted; absence proves nothing."""
    vendor = build(send_timeout_s=0.3)
    aliyun.plan.add(fault, operation="SendSms")
    sent = batch(*numbers(3), at=datetime.now(UTC))
    assert {result.outcome for result in vendor.send_batch(vendor.channel, sent)} == {UNKNOWN}
    found = vendor.reconcile_batch(vendor.channel, sent)
    assert [result.outcome for result in found] == [outcome] * 3
    assert len(aliyun.calls("SendSms")) == 1


@pytest.mark.parametrize(("probes", "calls"), [(1, 1), (3, 3), (50, 7)])
def test_a_few_numbers_are_asked_for(probes: int, calls: int, aliyun: Emulator, build: Build) -> None:
    """As many as the settings say, spread over the batch, when none of them is found."""
    vendor = build(reconcile_probes=probes)
    result = vendor.reconcile_batch(vendor.channel, batch(*numbers(7), at=NOON))
    assert {each.outcome for each in result} == {UNKNOWN}
    asked = [call["PhoneNumber"] for call in aliyun.calls("QuerySendDetails")]
    assert len(asked) == len(set(asked)) == calls


def test_one_record_proves_the_whole_call(aliyun: Emulator, build: Build) -> None:
    """A call is accepted as a whole, so the first record found settles five hundred messages."""
    vendor = build()
    sent = batch(*numbers(500), at=datetime.now(UTC))
    vendor.send_batch(vendor.channel, sent)
    results = vendor.reconcile_batch(vendor.channel, sent)
    assert {result.outcome for result in results} == {ACCEPTED}
    assert len(aliyun.calls("QuerySendDetails")) == 1


def test_a_cut_call_is_asked_for_number_by_number(aliyun: Emulator, build: Build) -> None:
    """A record of a part proves its own number only."""
    vendor = build()
    phones = numbers(6)
    aliyun.account.illegal = {phones[4]}
    sent = batch(*phones, at=datetime.now(UTC))
    vendor.send_batch(vendor.channel, sent)
    results = vendor.reconcile_batch(vendor.channel, sent)
    assert [result.outcome for result in results] == [ACCEPTED] * 4 + [UNKNOWN, ACCEPTED]


def test_other_batches_prove_nothing(aliyun: Emulator, build: Build) -> None:
    """Another reference, even one that begins alike, is another message to the same number."""
    vendor = build()
    for ref in ("b", "b11", "x"):
        vendor.send_batch(vendor.channel, batch("13800138000", ref=ref))
    (result,) = vendor.reconcile_batch(vendor.channel, batch("13800138000", ref="b1", at=datetime.now(UTC)))
    assert result.outcome is UNKNOWN


@pytest.mark.parametrize(
    ("called_at", "recorded_at", "outcome", "days"),
    [
        (NOON, NOON, ACCEPTED, ["20261102"]),
        (LATE, LATE, ACCEPTED, ["20261102"]),
        (LATE, LATE + timedelta(minutes=11), ACCEPTED, ["20261102", "20261103"]),
        (EARLY, EARLY, ACCEPTED, ["20261103"]),
        (EARLY, EARLY - timedelta(minutes=1), ACCEPTED, ["20261103", "20261102"]),
        (NOON, NOON + timedelta(days=1), UNKNOWN, ["20261102"]),
    ],
    ids=["noon", "late", "over midnight", "early", "by a clock that is ahead", "another day"],
)
def test_the_day_is_chinas(
    called_at: datetime,
    recorded_at: datetime,
    outcome: Outcome,
    days: list[str],
    aliyun: Emulator,
    build: Build,
) -> None:
    """Aliyun is asked for the day of UTC+8 of the call, and near midnight for its neighbour."""
    aliyun.account.clock = lambda: recorded_at
    vendor = build()
    sent = batch("13800138000", at=called_at)
    vendor.send_batch(vendor.channel, sent)
    (result,) = vendor.reconcile_batch(vendor.channel, sent)
    assert result.outcome is outcome
    assert [call["SendDate"] for call in aliyun.calls("QuerySendDetails")] == days


def test_international_numbers_are_asked_for_as_they_were_sent(aliyun: Emulator, build: Build) -> None:
    """Country code and number."""
    vendor = build()
    sent = batch("14155552671", template=INTERNATIONAL, at=datetime.now(UTC))
    vendor.send_batch(vendor.channel, sent)
    (result,) = vendor.reconcile_batch(vendor.channel, sent)
    assert result.outcome is ACCEPTED
    assert aliyun.calls("QuerySendDetails")[0]["PhoneNumber"] == "14155552671"


def test_more_records_than_a_page(aliyun: Emulator, build: Build) -> None:
    """A number with many messages on one day is read page by page."""
    aliyun.account.day_limit = 1000
    vendor = build()
    for index in range(60):
        vendor.send_batch(vendor.channel, batch("13800138000", ref=f"b{index}x"))
    (result,) = vendor.reconcile_batch(vendor.channel, batch("13800138000", ref="b59x", at=datetime.now(UTC)))
    assert result.outcome is ACCEPTED
    assert [call["CurrentPage"] for call in aliyun.calls("QuerySendDetails")] == ["1", "2", "3"]


# -- polling ----------------------------------------------------------------------------------------------


def sent(vendor: Aliyun, account: Account, *phones: str, ref: str = "b1") -> list[PendingMessage]:
    """Send to these numbers: the messages as the bridge keeps them pending."""
    results = vendor.send_batch(vendor.channel, batch(*phones, ref=ref))
    return [
        PendingMessage(f"{ref}-{index}", ref, result.vendor_id, parse(phone, HELLO.type), account.clock())
        for index, (phone, result) in enumerate(zip(phones, results, strict=True))
    ]


def window(pending: list[PendingMessage], cursor: str = "") -> PollWindow:
    """Return what the bridge asks for."""
    return PollWindow(NOON - timedelta(days=1), NOON, cursor, pending)


@pytest.mark.parametrize(
    ("end", "status", "said", "opted_out"),
    [
        (None, None, "", False),
        ("DELIVERED", MessageStatus.DELIVERED, "", False),
        ("MB:1026", MessageStatus.UNDELIVERABLE, "", False),
        ("MOBILE_IN_BLACK", MessageStatus.UNDELIVERABLE, "The recipient is on a block list.", False),
        ("isv.CUSTOMER_REFUSED", MessageStatus.UNDELIVERABLE, "The recipient has unsubscribed.", True),
    ],
)
def test_missing_receipts_are_asked_for(
    end: str | None,
    status: MessageStatus | None,
    said: str,
    opted_out: bool,
    aliyun: Emulator,
    build: Build,
) -> None:
    """Aliyun's 1 is still waiting, 2 failed, 3 delivered: not Quick Audience's numbers."""
    vendor = build()
    (pending,) = sent(vendor, aliyun.account, "13800138000")
    if end:
        aliyun.account.settle(aliyun.account.messages[0], end)
    page = vendor.poll_receipts(vendor.channel, window([pending]))
    at = aliyun.account.messages[0].received_at
    expected = []
    if status is not None and end and at:
        received = at.replace(microsecond=0)
        receipt = DeliveryReceipt(
            status, pending.ref, "b1", pending.vendor_id, pending.phone, end, said, received, opted_out
        )
        expected.append(receipt)
    assert (list(page.receipts), page.cursor, page.more) == (expected, "", False)


@pytest.mark.parametrize("late", [timedelta(minutes=11), timedelta(minutes=-1)])
def test_a_missing_receipt_is_found_over_midnight(late: timedelta, aliyun: Emulator, build: Build) -> None:
    """Aliyun keeps it under the day on which it recorded the message, by its own clock."""
    vendor = build()
    recorded = LATE + timedelta(minutes=10) + late / 2
    aliyun.account.clock = lambda: recorded
    (pending,) = sent(vendor, aliyun.account, "13800138000")
    aliyun.account.settle(aliyun.account.messages[0])
    page = vendor.poll_receipts(vendor.channel, window([pending._replace(sent_at=recorded - late)]))
    assert [receipt.status for receipt in page.receipts] == [MessageStatus.DELIVERED]


def test_each_receipt_belongs_to_its_own_message(aliyun: Emulator, build: Build) -> None:
    """Two messages to one number on one day keep their receipts apart."""
    vendor = build()
    first = sent(vendor, aliyun.account, "13800138000", ref="b1")
    second = sent(vendor, aliyun.account, "13800138000", ref="b2")
    aliyun.account.settle(aliyun.account.messages[1])
    page = vendor.poll_receipts(vendor.channel, window(first + second))
    assert [receipt.message_ref for receipt in page.receipts] == ["b2-0"]


def test_a_page_ends_in_time_and_the_next_goes_on(aliyun: Emulator, build: Build) -> None:
    """Messages that never get an answer do not keep the later ones from being asked for."""
    vendor = build()
    pending = sent(vendor, aliyun.account, *numbers(5))
    for message in aliyun.account.messages[2:]:
        aliyun.account.settle(message)
    hurried = Details(vendor._client, vendor._settings, clock=_ticking(20.0))
    asked: Callable[[], list[str]] = lambda: [c["PhoneNumber"] for c in aliyun.calls("QuerySendDetails")]  # noqa: E731
    page = hurried.poll(window(pending))
    assert (page.receipts, page.cursor, asked()) == ([], "b1-1", numbers(5)[:2])
    page = hurried.poll(window(pending, page.cursor))
    assert ([r.message_ref for r in page.receipts], page.cursor) == (["b1-2", "b1-3"], "b1-3")
    page = hurried.poll(window([pending[0], pending[1], pending[4]], page.cursor))
    assert asked()[4:] == numbers(5)[:2], "a message that is no longer pending: from the start"
    page = hurried.poll(window(pending[3:], page.cursor))
    assert page.cursor == ""


def _ticking(step: float) -> Callable[[], float]:
    now = 0.0

    def tick() -> float:
        nonlocal now
        now += step
        return now

    return tick


def test_what_was_read_before_trouble_is_kept(aliyun: Emulator, build: Build) -> None:
    """Trouble half way ends the page behind the last answer; trouble at once is raised."""
    vendor = build()
    pending = sent(vendor, aliyun.account, *numbers(3))
    for message in aliyun.account.messages:
        aliyun.account.settle(message)
    aliyun.plan.add("throttled", operation="QuerySendDetails", after=2)
    page = vendor.poll_receipts(vendor.channel, window(pending))
    assert ([receipt.message_ref for receipt in page.receipts], page.cursor) == (["b1-0", "b1-1"], "b1-1")
    with pytest.raises(VendorThrottled):
        vendor.poll_receipts(vendor.channel, window(pending, page.cursor))


def test_polling_can_be_switched_off(build: Build) -> None:
    """Without look-ups and without a queue there is nothing to poll."""
    assert set(build().withheld()) == {"poll_replies"}
    assert set(build(poll_details=False).withheld()) == {"poll_replies", "poll_receipts"}


def test_a_record_is_not_the_message_of_another_call(aliyun: Emulator, build: Build) -> None:
    """BizId narrows the look-up to the call."""
    vendor = build()
    (pending,) = sent(vendor, aliyun.account, "13800138000")
    other = aliyun.account.messages[0]
    stray = Message(other.phone, "b1", "other^0", "Acme", "SMS_1", "Hello", other.sent_at)
    aliyun.account.by_phone[other.phone].append(stray)
    aliyun.account.settle(stray)
    assert vendor.poll_receipts(vendor.channel, window([pending])).receipts == []
    page = vendor.poll_receipts(vendor.channel, window([pending._replace(vendor_id="")]))
    assert len(page.receipts) == 1


def test_an_old_batch(aliyun: Emulator, build: Build) -> None:
    """What Aliyun refuses to look up, for its age for example, stays unknown to the bridge: it is raised."""
    vendor = build()
    aliyun.plan.add("throttled", operation="QuerySendDetails")
    with pytest.raises(VendorThrottled):
        vendor.reconcile_batch(vendor.channel, replace(batch("13800138000"), called_at=NOON))
