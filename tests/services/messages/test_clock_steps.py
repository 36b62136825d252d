"""A clock that is set while a vendor is called: leases seem to lapse, or to last; nothing is sent twice."""

from collections.abc import Sequence

import pytest

from bridge.plugin import (
    Batch,
    DeliveryReceipt,
    MessageStatus,
    NotAccepted,
    OutcomeUnknown,
    SubmitResult,
    accepted,
    not_sent,
)

from ..conftest import Worlds
from ..two_accounts import raising
from ..world import World

PHONES = [f"138{index:08d}" for index in range(3)]


@pytest.mark.parametrize("step_s", [7200, 61, -600, -7200])
@pytest.mark.parametrize("kept", [False, True], ids=["set back", "kept"])
def test_a_clock_that_is_set_during_a_call_sends_nothing_twice(
    world: World, step_s: float, kept: bool
) -> None:
    """Another worker takes the call over, the answer comes late, and what it says counts."""

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        world.now += step_s
        world.settle()
        if not kept:
            world.now -= step_s
        return [accepted(f"v-{message.ref}") for message in batch.messages]

    world.vendor.answer = answer
    world.vendor.look_up = lambda batch: [not_sent(NotAccepted("absent"))] * len(batch.messages)
    world.send(PHONES)
    world.hand_over()
    world.now += 3 * 7200
    while world.settle():
        pass
    world.hand_over()
    assert world.sent() == PHONES
    assert world.ledger.gauges() == {}
    receipts = [
        DeliveryReceipt(MessageStatus.DELIVERED, vendor_id=f"v-{message.ref}")
        for message in world.vendor.batches[0].messages
    ]
    world.services.receiving.store_reports(receipts, [], "webhook")
    assert world.ended() == dict.fromkeys(PHONES, "DELIVERED")


@pytest.mark.parametrize("asked", [False, True], ids=["waits", "asked by a person"])
def test_absence_is_believed_no_sooner_after_a_clock_came_back(worlds: Worlds, asked: bool) -> None:
    """The vendor has had its time after the call, by whatever clock."""
    world = worlds(reconcile_after_s=1000)
    world.vendor.answer = raising(OutcomeUnknown("no answer"))
    world.vendor.look_up = lambda batch: [not_sent(NotAccepted("absent"))] * len(batch.messages)
    world.send(PHONES)
    world.hand_over()
    world.now -= 7200
    for wait_s, calls in [(0, 1), (990, 1), (1300, 2)]:
        world.now += wait_s
        world.duties.bring_back()
        if asked and calls == 1:
            world.services.settling.ask("me")
        world.settle()
        world.hand_over()
        assert len(world.vendor.batches) == calls


@pytest.mark.parametrize(("ahead_s", "later_s", "repeats"), [(0, 40, 1), (600, 40, 0), (600, 700, 0)])
def test_a_call_whose_time_is_not_known_is_not_repeated(
    world: World, ahead_s: float, later_s: float, repeats: int
) -> None:
    """Its key holds the time of the call: under another the vendor would take the messages once more."""
    world.vendor.look_up_repeats = True
    world.vendor.answer = raising(OutcomeUnknown("no answer"))
    world.now += ahead_s
    world.send(PHONES)
    world.hand_over()
    world.now -= ahead_s
    world.duties.bring_back()
    world.now += later_s
    world.settle()
    assert len(world.vendor.looked_up) == repeats


@pytest.mark.parametrize("step_s", [-600, 7200])
def test_a_clock_that_is_set_while_messages_wait_loses_none(world: World, step_s: float) -> None:
    """They go at once, or when the time of their acceptance has come again."""
    world.send(PHONES)
    world.now += step_s
    world.hand_over()
    world.now += max(0.0, -step_s)
    world.hand_over()
    assert world.sent() == PHONES
