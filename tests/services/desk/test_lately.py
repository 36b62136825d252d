"""The last day of every channel: what was accepted by hour, and what became of it."""

from collections.abc import Sequence

import pytest

from bridge.ledger.campaigns.latest_sends import BecameOf
from bridge.plugin import (
    Batch,
    DeliveryReceipt,
    MessageStatus,
    SubmitResult,
    Verdict,
    accepted,
    rejected,
)
from bridge.services.desk.lately import HOURS, LastDay

from ..world import NAME, World

PHONES = [f"1380000000{digit}" for digit in range(6)]


def _answers(batch: Batch) -> Sequence[SubmitResult]:
    return [
        rejected("BAD", "No.") if message.phone.national in PHONES[:2] else accepted()
        for message in batch.messages
    ]


def test_a_day_by_hour_and_by_end(world: World) -> None:
    """What was accepted earlier than a day ago is not of it."""
    world.vendor.answer = _answers
    world.send(PHONES[:1], code=(code := world.template()))
    world.hand_over()
    world.now += 25 * 3600
    world.send(PHONES, code=code, digest=b"2" * 32)
    world.hand_over()
    [delivered] = [
        message
        for batch in world.vendor.batches[1:]
        for message in batch.messages
        if message.phone.national == PHONES[2]
    ]
    receipt = DeliveryReceipt(MessageStatus.DELIVERED, message_ref=delivered.ref)
    world.services.receiving.store_reports([receipt], [], "webhook")
    world.now += 2 * 3600
    world.send(PHONES[:3], code=code, digest=b"3" * 32)
    [day] = LastDay(world.ledger, lambda: world.now).of([NAME])
    assert len(day.hours) == HOURS
    assert (day.hours[-1], day.hours[-3], sum(day.hours)) == (3, 6, 9)
    assert (day.called, day.delivered, day.failed) == (6, 1, 2)
    assert day.delivered_share == pytest.approx(1 / 3)
    assert [(one.code, one.count) for one in day.failures] == [("BAD", 2)]


UNCALLED = [
    (MessageStatus.REJECTED, "SUPPRESSED"),
    (MessageStatus.REJECTED, "INVALID_NUMBER"),
    (MessageStatus.REJECTED, "FREQUENCY_CAP"),
    (MessageStatus.UNSENT, "NOT_SENT_IN_TIME"),
]


@pytest.mark.parametrize(("status", "code"), UNCALLED)
def test_what_no_vendor_was_called_with_was_handed_to_none(
    world: World, monkeypatch: pytest.MonkeyPatch, status: MessageStatus, code: str
) -> None:
    """It failed; what a vendor refused was handed to it."""
    found = [
        BecameOf(NAME, status, code, 20),
        BecameOf(NAME, MessageStatus.REJECTED, "BAD", 3),
        BecameOf(NAME, MessageStatus.REJECTED, "VENDOR_REJECTED", 2),
        BecameOf(NAME, MessageStatus.UNKNOWN, "OUTCOME_UNKNOWN", 1),
    ]
    monkeypatch.setattr(type(world.ledger.latest_sends), "became", lambda *_: found)
    [day] = LastDay(world.ledger, lambda: world.now).of([NAME])
    assert (day.called, day.failed) == (6, 26)


def test_a_suppressed_and_an_unreadable_number_are_not_handed_over(world: World) -> None:
    """As the ledger counts them."""
    world.screen.decide = lambda _number: Verdict("SUPPRESSED", "The recipient has opted out.")
    world.send([*PHONES[:2], "123"], code=world.template())
    world.hand_over()
    [day] = LastDay(world.ledger, lambda: world.now).of([NAME])
    assert (world.vendor.batches, day.called, day.failed) == ([], 0, 3)


def test_a_day_without_anything(world: World) -> None:
    """No share of nothing."""
    [day] = LastDay(world.ledger, lambda: world.now).of([NAME])
    assert (sum(day.hours), day.delivered_share, day.failures) == (0, None, [])


@pytest.mark.parametrize(("silent_s", "alive"), [(0, 1), (30, 1), (31, 0)])
def test_workers_that_are_alive(world: World, silent_s: int, alive: int) -> None:
    """As /readyz counts them."""
    world.ledger.coordination.beat("w1", started=0, now=int((world.now - silent_s) * 1000))
    assert LastDay(world.ledger, lambda: world.now).workers() == alive
