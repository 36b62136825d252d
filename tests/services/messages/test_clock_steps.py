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
HOUR = 3600.0


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


ABSENT, THERE = not_sent(NotAccepted("absent")), accepted("v-1")
# Hours by which the clock is set, after how many hours, hours until the vendor is asked, whether a duty noted
# the times between, what the vendor shows: absence that is believed, messages that are settled.
STEPS: dict[str, tuple[float, float, float, bool, SubmitResult, bool]] = {
    "kept": (0, 1, 1, True, ABSENT, True),
    "it ran ahead, and came back": (-2, 0.003, 0.1, True, ABSENT, False),
    "it ran ahead, and its time came": (-2, 0.003, 5, True, ABSENT, False),
    "it ran ahead, nobody worked until its time came": (-2, 0.003, 5, False, ABSENT, True),
    "it ran ahead by a year": (-8760, 0.003, 5, True, ABSENT, False),
    "set back hours after the call": (-2, 10, 1, True, ABSENT, False),
    "set back, and right again": (-2, 10, 20, True, ABSENT, False),
    "set forward after the call": (2, 0.003, 0.1, True, ABSENT, False),
    "set forward, and hours later": (2, 0.003, 5, True, ABSENT, False),
    "set forward hours after the call": (2, 10, 1, True, ABSENT, False),
    "shown, by whatever clock": (-2, 10, 1, True, THERE, True),
    "shown, after a step forward": (2, 0.003, 1, True, THERE, True),
}


@pytest.mark.parametrize("asked", [False, True], ids=["waits", "asked by a person"])
@pytest.mark.parametrize(("step", "after", "wait", "noted", "shown", "settled"), STEPS.values(), ids=STEPS)
def test_absence_is_believed_only_of_a_call_whose_time_is_known(
    worlds: Worlds,
    step: float,
    after: float,
    wait: float,
    noted: bool,
    shown: SubmitResult,
    settled: bool,
    asked: bool,
) -> None:
    """A vendor that looks for a call at another time, or keeps none that old any more, shows nothing."""
    world = worlds(reconcile_after_s=12 * HOUR if after > 1 else 30)
    lost(world, shown)
    pass_hours(world, after, noted=True)
    world.set_clock(step * HOUR)
    pass_hours(world, wait, noted=noted)
    if asked:
        world.services.settling.ask("me")
    pass_hours(world, 12, noted=noted)
    assert bool(world.ledger.gauges()) is not settled
    assert len(world.vendor.batches) == (2 if settled and shown is ABSENT else 1)


# Seconds: how far clocks may be apart, by how much this one is set forward, whether the call is sent again.
FORWARD = [(0, 0, True), (0, 120, False), (0, 7200, False), (60, 61, False), (60, 7200, False), (60, 0, True)]


@pytest.mark.parametrize("noted", [True, False], ids=["noted", "asked at once"])
@pytest.mark.parametrize(("apart_s", "step_s", "again"), FORWARD)
def test_a_call_is_not_old_because_the_clock_was_set_forward(
    worlds: Worlds, apart_s: float, step_s: float, again: bool, noted: bool
) -> None:
    """A machine that begins with a slow clock is set right: the vendor shows the call later than that."""
    world = worlds(bridge={"clocks_apart_s": apart_s})
    lost(world, ABSENT)
    world.set_clock(step_s)
    for _ in range(100):
        if noted:
            world.duties.bring_back()
        world.settle()
        world.hand_over()
        world.now += 1
    assert world.sent() == (PHONES * 2 if again else PHONES)
    assert bool(world.ledger.gauges()) is not again


def test_calls_after_a_clock_was_set_forward_are_dated(world: World) -> None:
    """Only what was called before is older or younger than it seems."""
    world.duties.bring_back()
    world.set_clock(7200)
    world.duties.bring_back()
    world.now += 1
    lost(world, ABSENT)
    pass_hours(world, 1, noted=True)
    assert world.sent() == PHONES * 2


def test_a_call_that_nobody_can_date_ends_in_time(world: World) -> None:
    """Its deadline is brought back with it, or people would wait for a year."""
    lost(world, ABSENT)
    world.now -= 8760 * HOUR
    pass_hours(world, 73, noted=True)
    assert set(world.ended().values()) == {"OUTCOME_UNKNOWN"}


# A key is kept for 24 hours. Hours of a step back, after how many hours, hours until the look-up is due.
KEYS: dict[str, tuple[float, float, float, int]] = {
    "kept": (0, 10, 1, 1),
    "set back hours after the call": (-2, 10, 1, 0),
    "set back by more than the call's age": (-20, 10, 1, 0),
    "and its time came again": (-2, 10, 14, 0),
    "set back by more than a call is asked about": (-100, 10, 1, 0),
}


@pytest.mark.parametrize(("step", "after", "wait", "repeats"), KEYS.values(), ids=KEYS)
def test_a_key_is_not_used_after_a_clock_was_set_back(
    worlds: Worlds, step: float, after: float, wait: float, repeats: int
) -> None:
    """The call is older than it seems: the vendor may have forgotten its key, and would take it again."""
    world = worlds(reconcile_after_s=11 * HOUR)
    world.vendor.look_up_repeats = True
    lost(world, THERE)
    pass_hours(world, after, noted=True)
    world.now += step * HOUR
    pass_hours(world, wait, noted=True)
    world.services.settling.ask("me")
    assert min(len(world.vendor.looked_up), 1) == repeats


def lost(world: World, shown: SubmitResult) -> None:
    """Lose the answer to a send; look-ups say this of its messages."""
    world.vendor.answer = raising(OutcomeUnknown("no answer"))
    world.vendor.look_up = lambda batch: [shown] * len(batch.messages)
    world.duties.bring_back()
    world.send(PHONES)
    world.hand_over()
    world.vendor.answer = lambda batch: [accepted(f"w-{message.ref}") for message in batch.messages]


def pass_hours(world: World, hours: float, *, noted: bool) -> None:
    """Let time pass; `noted`: while a worker does its duties, else it comes back at the end."""
    end = world.now + hours * HOUR
    while world.now < end:
        world.now = min(world.now + (HOUR / 2 if noted else hours * HOUR), end)
        world.duties.bring_back()
        world.settle()
        world.hand_over()


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
