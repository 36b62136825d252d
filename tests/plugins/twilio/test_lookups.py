"""Unknown outcomes and lost callbacks, settled by asking a Twilio that remembers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from bridge.plugin import (
    Batch,
    MessageStatus,
    Outcome,
    PendingMessage,
    ReceiptPage,
    from_vendor,
)
from bridge.testing import page_window
from bridge_twilio.client import TwilioAccount
from bridge_twilio.lookups import Sweep
from bridge_twilio.messages import MessageRecord
from bridge_twilio.reports import Reports
from bridge_twilio.settings import TwilioSettings
from bridge_twilio.vendor import Twilio

from .conftest import Build
from .emulator import Emulator
from .samples import Clock, FakeHistory, settings
from .test_sending import to


def now() -> datetime:
    return datetime.now(UTC)


def lose(twilio: Emulator, vendor: Twilio, batch: Batch, fault: str = "reset_after") -> None:
    """Send a batch whose every answer is lost."""
    twilio.trouble.script = [fault] * len(batch.messages)
    results = vendor.send_batch(vendor.channel, batch)
    assert {result.outcome for result in results} == {Outcome.UNKNOWN}


@pytest.mark.parametrize("fault", ["reset_after", "html_after", "garbage_after"])
def test_a_lost_answer_is_found_again(twilio: Emulator, build: Build, fault: str) -> None:
    """Each message adopts the SID that Twilio gave it, without another POST."""
    vendor = build()
    batch = to(4, called_at=now())
    lose(twilio, vendor, batch, fault)
    results = vendor.reconcile_batch(vendor.channel, batch)
    assert [result.vendor_id for result in results] == [
        next(one.sid for one in twilio.account.messages.values() if one.to == message.phone.e164)
        for message in batch.messages
    ]
    assert twilio.posts() == 4


def renamed(batch: Batch, ref: str) -> Batch:
    """Return the batch with another reference for its one message: references are unique over all batches."""
    [message] = batch.messages
    return replace(batch, messages=(message._replace(ref=ref),))


def test_two_equal_texts_claim_two_sids(twilio: Emulator, build: Build) -> None:
    """Each SID is given away once, the nearest in time first."""
    vendor = build()
    first = to(1, ref="c1", called_at=now())
    second = renamed(to(1, ref="c2", called_at=now()), "m2")
    lose(twilio, vendor, first)
    lose(twilio, vendor, second)
    results = [vendor.reconcile_batch(vendor.channel, batch)[0] for batch in (first, second)]
    assert {result.vendor_id for result in results} == set(twilio.account.messages)
    third = renamed(to(1, ref="c3", called_at=now()), "m3")
    assert vendor.reconcile_batch(vendor.channel, third)[0].outcome is Outcome.UNKNOWN


def test_asking_again_gives_the_same_sid(twilio: Emulator, build: Build) -> None:
    """A look-up whose answer was never recorded may be repeated."""
    vendor = build()
    batch = to(1, called_at=now())
    lose(twilio, vendor, batch)
    assert vendor.reconcile_batch(vendor.channel, batch) == vendor.reconcile_batch(vendor.channel, batch)


def test_a_recorded_sid_is_never_adopted(twilio: Emulator, build: Build) -> None:
    """An earlier, equal text of this channel proves nothing about the lost one."""
    history = FakeHistory()
    vendor = build(history)
    [earlier] = vendor.send_batch(vendor.channel, to(1, called_at=now()))
    history._claimed.add(earlier.vendor_id)
    lost = to(1, ref="c2", called_at=now())
    lose(twilio, vendor, lost, "reset_before")
    [result] = vendor.reconcile_batch(vendor.channel, lost)
    assert (result.outcome, result.vendor_id) == (Outcome.UNKNOWN, "")


@pytest.mark.parametrize(
    ("age_s", "resend", "outcome"),
    [
        (299, True, Outcome.UNKNOWN),
        (301, True, Outcome.NOT_SENT),
        (301, False, Outcome.UNKNOWN),
        (86_400, False, Outcome.UNKNOWN),
    ],
)
def test_absence_needs_time_and_consent(
    twilio: Emulator, build: Build, age_s: int, resend: bool, outcome: Outcome
) -> None:
    """Sent again only when Twilio had time to show it and the channel allows it."""
    vendor = build(resend_unknown=resend)
    batch = to(1, called_at=now() - timedelta(seconds=age_s))
    lose(twilio, vendor, batch, "reset_before")
    assert vendor.reconcile_batch(vendor.channel, batch)[0].outcome is outcome


# Seconds by which the bridge's clock is ahead of Twilio's, whether the message may be found by its time.
APART = {30: True, 59: True, 61: False, 90: False, 290: False, 7200: False, -290: True, -700: False}


@pytest.mark.parametrize(("ahead_s", "found"), APART.items())
@pytest.mark.parametrize("body", ["", "redacted"])
def test_a_message_of_another_time_is_not_absent(
    twilio: Emulator, build: Build, ahead_s: int, found: bool, body: str
) -> None:
    """A machine's clock may be far from Twilio's: what the bridge cannot account for may be the lost one."""
    vendor = build(resend_unknown=True)
    batch = to(1, called_at=now() - timedelta(seconds=400))
    lose(twilio, vendor, batch)
    [record] = twilio.account.messages.values()
    record.created = batch.called_at - timedelta(seconds=ahead_s)
    record.body = body or record.body
    [result] = vendor.reconcile_batch(vendor.channel, batch)
    assert (result.outcome, result.vendor_id) == (
        (Outcome.ACCEPTED, record.sid) if found and not body else (Outcome.UNKNOWN, "")
    )


def test_a_message_of_another_day_is_another(twilio: Emulator, build: Build) -> None:
    """What the bridge kept of it may be deleted long since."""
    vendor = build(resend_unknown=True)
    batch = to(1, called_at=now() - timedelta(seconds=400))
    lose(twilio, vendor, batch)
    [record] = twilio.account.messages.values()
    record.created = batch.called_at - timedelta(hours=25)
    assert vendor.reconcile_batch(vendor.channel, batch)[0].outcome is Outcome.NOT_SENT


@pytest.mark.parametrize("ahead_s", [90, -700])
def test_an_accounted_message_of_another_time_keeps_nothing(
    twilio: Emulator, build: Build, ahead_s: int
) -> None:
    """One of an earlier send of the bridge's own."""
    history = FakeHistory()
    vendor = build(history, resend_unknown=True)
    batch = to(1, called_at=now() - timedelta(seconds=400))
    [earlier] = vendor.send_batch(vendor.channel, batch)
    history._claimed.add(earlier.vendor_id)
    twilio.account.messages[earlier.vendor_id].created = batch.called_at - timedelta(seconds=ahead_s)
    [result] = vendor.reconcile_batch(vendor.channel, batch)
    assert result.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(("age_s", "outcome"), [(679, Outcome.UNKNOWN), (681, Outcome.NOT_SENT)])
def test_absence_waits_for_the_last_call_of_a_batch(
    twilio: Emulator, build: Build, age_s: int, outcome: Outcome
) -> None:
    """Whatever `absent_after_s` says: a batch of ten minutes may begin its last call at their end."""
    vendor = build(resend_unknown=True, absent_after_s=60, batch_seconds=600, timeout_s=15)
    batch = to(1, called_at=now() - timedelta(seconds=age_s))
    assert vendor.reconcile_batch(vendor.channel, batch)[0].outcome is outcome


def test_a_look_up_that_fails_settles_nothing(twilio: Emulator, build: Build) -> None:
    """No error of the look-up may be read as "not sent"."""
    vendor = build(resend_unknown=True)
    batch = to(3, called_at=now() - timedelta(hours=1))
    twilio.trouble.script = ["reset_before", "html_before", "throttle"]
    results = vendor.reconcile_batch(vendor.channel, batch)
    assert {result.outcome for result in results} == {Outcome.UNKNOWN}


def pending(twilio: Emulator, vendor: Twilio, count: int) -> Sequence[PendingMessage]:
    batch = to(count)
    results = vendor.send_batch(vendor.channel, batch)
    return [
        PendingMessage(message.ref, batch.ref, result.vendor_id, message.phone, now() - timedelta(hours=2))
        for message, result in zip(batch.messages, results, strict=True)
    ]


def sweep(vendor: Twilio, messages: Sequence[PendingMessage], cursor: str = "") -> ReceiptPage:
    window = page_window(cursor, pending=messages, until=now())
    return vendor.poll_receipts(vendor.channel, window)


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        ("queued", MessageStatus.ACCEPTED, "QUEUED"),
        ("sent", MessageStatus.ACCEPTED, "SENT"),
        ("delivered", MessageStatus.DELIVERED, "DELIVERED"),
        ("undelivered", MessageStatus.UNDELIVERABLE, "30005"),
    ],
)
def test_a_lost_callback_is_fetched(
    twilio: Emulator, build: Build, status: str, expected: MessageStatus, code: str
) -> None:
    """The receipt names the message by our reference."""
    vendor = build()
    messages = pending(twilio, vendor, 1)
    twilio.callbacks.reach(messages[0].vendor_id, status)
    [receipt] = sweep(vendor, messages).receipts
    assert (receipt.message_ref, receipt.status, receipt.code) == ("m1", expected, code)


@pytest.mark.parametrize(
    ("hours", "becomes", "expected"),
    [
        (0, "unknown", MessageStatus.ACCEPTED),
        (3, "unknown", MessageStatus.ACCEPTED),
        (1, "unknown", MessageStatus.UNKNOWN),
        (1, "delivered", MessageStatus.DELIVERED),
    ],
)
def test_sent_without_more_may_end_a_message(
    twilio: Emulator, build: Build, hours: float, becomes: str, expected: MessageStatus
) -> None:
    """Some carriers never report; after so many hours the operator's word counts."""
    vendor = build(sent_final_after_h=hours, sent_final_as=becomes)
    messages = pending(twilio, vendor, 1)
    twilio.callbacks.reach(messages[0].vendor_id, "sent")
    assert sweep(vendor, messages).receipts[0].status is expected


class SlowAccount:
    """Answers every question after a while; nothing it is asked about has ended."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.asked: list[str] = []
        self._clock = clock
        self._seconds = seconds

    def message(self, sid: str) -> MessageRecord:
        self._clock.sleep(self._seconds)
        self.asked.append(sid)
        return MessageRecord(sid, "sent", "", "outbound-api", "", "", "", 0, None, None)


def test_the_sweep_takes_turns() -> None:
    """It ends in time, and every message is asked about before any is asked about again."""
    clock = Clock()
    account = SlowAccount(clock, seconds=10)
    sweep = Sweep(TwilioSettings.model_validate(settings(batch_seconds=40)), Reports(), clock)
    phone = from_vendor("+14155550000")
    waiting = [PendingMessage(f"m{number}", "c1", f"SM{number}", phone, now()) for number in range(10)]
    cursor = ""
    for _ in range(3):
        page = sweep.page(cast(TwilioAccount, account), page_window(cursor, pending=waiting, until=now()))
        cursor = page.cursor
        assert len(page.receipts) == 4
    assert account.asked == [f"SM{number % 10}" for number in range(12)]


def test_the_sweep_keeps_what_it_has(twilio: Emulator, build: Build) -> None:
    """An error in the middle ends the page; the next one begins there."""
    vendor = build()
    messages = pending(twilio, vendor, 3)
    twilio.trouble.script = ["", "html_before"]
    page = sweep(vendor, messages)
    assert ([receipt.message_ref for receipt in page.receipts], page.cursor) == (["m1"], "1")
    found = sweep(vendor, messages, page.cursor)
    assert [receipt.message_ref for receipt in found.receipts] == ["m2", "m3", "m1"]


def test_a_message_that_twilio_deleted_is_passed_over(twilio: Emulator, build: Build) -> None:
    """Nobody knows its fate: the bridge's deadline ends it."""
    vendor = build()
    gone = PendingMessage("m9", "c1", "SM" + "f" * 32, from_vendor("+14155550009"), now())
    page = sweep(vendor, [gone, *pending(twilio, vendor, 1)])
    assert [receipt.message_ref for receipt in page.receipts] == ["m1"]
