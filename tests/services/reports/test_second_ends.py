"""A vendor that says two ends of one message: one is told, the other is shown."""

import pytest
import structlog.testing

from bridge.plugin import DeliveryReceipt, MessageStatus, accepted

from ..desk.test_timeline import seen
from ..world import NAME, World

PHONE = "13800000000"
DELIVERED, FAILED = MessageStatus.DELIVERED, MessageStatus.UNDELIVERABLE
REFUSED, GONE, NOBODY_KNOWS = MessageStatus.REJECTED, MessageStatus.EXPIRED, MessageStatus.UNKNOWN

# What is said first and then, one by one: the first stays, whatever it is, since Quick Audience takes one.
ONE_BY_ONE = [
    (DELIVERED, FAILED),
    (DELIVERED, REFUSED),
    (DELIVERED, GONE),
    (DELIVERED, NOBODY_KNOWS),
    (FAILED, DELIVERED),
    (REFUSED, DELIVERED),
    (NOBODY_KNOWS, DELIVERED),
    (FAILED, REFUSED),
]


def sent(world: World) -> None:
    """Send a message that its vendor takes."""
    world.vendor.answer = lambda batch: [accepted("their id") for _ in batch.messages]
    world.send([PHONE])
    world.hand_over()


def told(world: World, *statuses: MessageStatus, by_id: bool) -> int:
    """Let a page say this of the message. Returns how often a contradiction was logged."""
    ref, vendor_id = ("", "their id") if by_id else (world.vendor.batches[0].messages[0].ref, "")
    receipts = [DeliveryReceipt(status, message_ref=ref, vendor_id=vendor_id) for status in statuses]
    with structlog.testing.capture_logs() as logs:
        world.services.receiving.store_reports(receipts, [], "webhook")
    return [one["event"] for one in logs].count("late reports contradict what was told")


@pytest.mark.parametrize("by_id", [False, True], ids=["by our reference", "by their id"])
@pytest.mark.parametrize(("first", "then"), ONE_BY_ONE)
def test_the_end_that_was_told_stays(
    world: World, first: MessageStatus, then: MessageStatus, by_id: bool
) -> None:
    """A second one is kept beside it, counted, and told to nobody."""
    sent(world)
    assert told(world, first, by_id=by_id) == 0
    assert (told(world, then, by_id=by_id), told(world, then, by_id=by_id)) == (1, 1)
    assert world.ended() == {PHONE: first.name}
    assert world.ledger.outbox.waiting(NAME)[0] == 1
    # That nobody knows is no report.
    shown = [(first.name.lower(), True)] if first is not NOBODY_KNOWS else []
    found = [(one.status, one.counts) for one in seen(world, PHONE).reports]
    assert found == [*shown, (then.name.lower(), False)]
    assert world.ledger.tallies.differences() == []


@pytest.mark.parametrize("order", [1, -1], ids=["delivered first", "delivered last"])
@pytest.mark.parametrize("other", [FAILED, REFUSED, GONE, NOBODY_KNOWS])
def test_of_two_ends_in_one_page_delivered_is_believed(
    world: World, other: MessageStatus, order: int
) -> None:
    """Nothing was told yet, and no page says in which order things were: the person has the message."""
    sent(world)
    page = [DELIVERED, other][::order]
    assert told(world, *page, by_id=True) == 1
    assert world.ended() == {PHONE: "DELIVERED"}
    assert world.ledger.outbox.waiting(NAME)[0] == 1
    found = [(one.status, one.counts) for one in seen(world, PHONE).reports]
    assert found == [("delivered", True), (other.name.lower(), False)]
    assert world.ledger.tallies.differences() == []
