"""A late answer that names segments: they are those of the call that it answers, and are counted there."""

from collections.abc import Sequence

import pytest

from bridge.ledger import Scope
from bridge.plugin import Batch, DeliveryReceipt, MessageStatus, SubmitResult, accepted, unknown

from ..desk.test_timeline import seen
from ..desk.test_unknowns import ALL, desk
from ..world import NAME, World

[PHONE] = ["13800000000"]
IDS = ("a", "b", "c")


def resend(world: World, again: bool) -> None:
    """Let a person send what was lost once more; `again`: it is called at once."""
    assert desk(world).resend(ALL, "Lost.").messages == 1
    if again:
        world.hand_over()


def answered_late(world: World, again: bool) -> None:
    """A worker is given up; its answer comes when a person has sent the message once more."""

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        world.now += 61
        assert world.duties.take_over()
        world.vendor.answer = lambda batch: [accepted("z")]
        resend(world, again)
        return [accepted(*IDS)]

    world.send([PHONE])
    world.warm()
    [claimed] = world.claimed()
    world.vendor.answer = answer
    late = world.services.sending.run(claimed).conclusion
    [recorded] = world.ledger.write(lambda c: world.ledger.batches.record(c, [late], world.now_ms))
    assert recorded.stale


def looked_up_late(world: World, again: bool) -> None:
    """The look-up's answer comes when a person has sent the message once more."""

    def look_up(batch: Batch) -> Sequence[SubmitResult]:
        resend(world, again)
        return [accepted(*IDS)]

    world.vendor.answer = lambda batch: [unknown("Lost.")]
    world.send([PHONE])
    world.hand_over()
    world.vendor.answer = lambda batch: [accepted("z")]
    world.vendor.look_up = look_up
    world.now += 31
    world.settle()


LATE = pytest.mark.parametrize("late", [answered_late, looked_up_late])


def told(world: World, vendor_id: str) -> None:
    """Let the account report that one segment was delivered."""
    receipts = [DeliveryReceipt(MessageStatus.DELIVERED, vendor_id=vendor_id)]
    scope = Scope(NAME, world.now_ms, True, world.services.at["obedient"].receiving._source)
    intake = world.ledger.write(lambda c: world.ledger.receipts.apply_in(c, scope, receipts))
    assert intake.parked == 0


@LATE
def test_what_is_taken_back_has_the_segments_that_the_vendor_named(world: World, late: object) -> None:
    """The message is as long as the vendor says, in the tally too, and ends with its last segment."""
    late(world, False)  # type: ignore[operator]
    world.hand_over()
    assert len(world.sent()) == 1
    assert (seen(world, PHONE).segments, world.ledger.tallies.differences()) == (3, [])
    for vendor_id in IDS:
        assert world.ended() == {}
        told(world, vendor_id)
    assert world.ended() == {PHONE: "DELIVERED"}
    assert world.ledger.tallies.differences() == []


@LATE
def test_the_segments_of_a_call_before_end_nothing_singly(world: World, late: object) -> None:
    """The later call's message stays as it is until every segment of the earlier one was delivered."""
    late(world, True)  # type: ignore[operator]
    assert len(world.sent()) == 2
    assert seen(world, PHONE).segments == 1
    for vendor_id in IDS:
        assert world.ended() == {}
        told(world, vendor_id)
    assert world.ended() == {PHONE: "DELIVERED"}
    found = seen(world, PHONE)
    assert (found.segments, found.vendor_id) == (1, "z")
    assert [(one.status, one.earlier) for one in found.reports] == [("delivered", True)]
    assert world.ledger.tallies.differences() == []
