"""Machines whose clocks are up to a minute apart: what time alone proves is proved by the later of them."""

from collections.abc import Sequence

import pytest

from bridge.plugin import Batch, NotAccepted, OutcomeUnknown, SubmitResult, accepted, not_sent

from ..conftest import Worlds
from ..two_accounts import raising
from ..world import World

PHONES = ["13800000000", "13800000001"]
AHEAD_S = 60
LEASE_S = 60
APART = {"clocks_apart_s": AHEAD_S}
STEP_S = 5
NOTED_S = 30
"""After so long a vendor shows what it took (`reconcile_after_s`)."""


class Late:
    """A vendor that takes what it was called with, and shows it a while later."""

    def __init__(self, world: World, shown_after_s: float) -> None:
        self._world = world
        self._after_s = shown_after_s
        self._taken: dict[str, float] = {}

    def lose(self, batch: Batch) -> Sequence[SubmitResult]:
        """Take the messages, and lose the answer."""
        self._taken |= {message.ref: self._world.now for message in batch.messages}
        raise OutcomeUnknown("The answer was lost.")

    def look_up(self, batch: Batch) -> Sequence[SubmitResult]:
        """Show what was taken long enough ago."""
        return [self._shown(message.ref) for message in batch.messages]

    def _shown(self, ref: str) -> SubmitResult:
        taken = self._taken.get(ref)
        if taken is not None and self._world.now - taken >= self._after_s:
            return accepted(ref)
        return not_sent(NotAccepted("absent"))


def pair(worlds: Worlds, ahead_s: float, **bridge: float) -> tuple[World, World]:
    """Return two machines over one database with a send that waits; the second's clock is so far ahead."""
    first, second = worlds(bridge=APART | bridge), worlds(bridge=APART | bridge)
    first.send(PHONES)
    second.now = first.now + ahead_s
    return first, second


def pass_time(first: World, second: World, seconds: int, *, asked: bool = False) -> None:
    """Let the second machine do what is due while time passes."""
    end = first.now + seconds
    while first.now < end:
        step = min(STEP_S, end - first.now)
        first.now += step
        second.now += step
        if asked:
            second.services.settling.ask("a person")
        second.settle()
        second.hand_over()


@pytest.mark.parametrize("asked", [False, True], ids=["waits", "asked by a person"])
@pytest.mark.parametrize("ahead_s", [AHEAD_S, 0, -AHEAD_S])
def test_a_lost_call_is_not_absent_before_the_vendor_shows_it(
    worlds: Worlds, ahead_s: float, asked: bool
) -> None:
    """A worker ahead of the one that called must not believe a vendor that does not show the call yet."""
    first, second = pair(worlds, ahead_s)
    vendor = Late(first, NOTED_S - 1)
    first.vendor.answer = vendor.lose
    second.vendor.look_up = vendor.look_up
    first.hand_over()
    pass_time(first, second, 200, asked=asked)
    assert second.sent() == []
    assert not first.ledger.gauges()


# Seconds: how far ahead the clock of the one that asks is, how far it may be, the lease, the call.
SLOW: dict[str, tuple[float, float, int, int]] = {
    "ahead": (AHEAD_S, AHEAD_S, LEASE_S, LEASE_S - 1),
    "together": (0, AHEAD_S, LEASE_S, LEASE_S - 1),
    "behind": (-AHEAD_S, AHEAD_S, LEASE_S, LEASE_S - 1),
    "ahead, leases as long as by default": (AHEAD_S, AHEAD_S, 120, 119),
    "ahead, and the call ends early": (AHEAD_S, AHEAD_S, 120, 95),
    "behind, leases as long as by default": (-AHEAD_S, AHEAD_S, 120, 119),
    "one machine": (0, 0, 120, 119),
}


@pytest.mark.parametrize(("ahead_s", "apart_s", "lease_s", "call_s"), SLOW.values(), ids=SLOW)
def test_a_slow_call_is_neither_lost_nor_absent_before_its_end(
    worlds: Worlds, ahead_s: float, apart_s: float, lease_s: int, call_s: int
) -> None:
    """Its worker may call until its lease is over by its own clock, and the call may last as long again."""
    first, second = pair(worlds, ahead_s, clocks_apart_s=apart_s, lease_s=lease_s)
    vendor = Late(first, NOTED_S - 1)
    second.vendor.look_up = vendor.look_up

    def slowly(batch: Batch) -> Sequence[SubmitResult]:
        pass_time(first, second, call_s)
        return vendor.lose(batch)

    first.vendor.answer = slowly
    [claimed] = first.claimed(lease_s=lease_s)
    pass_time(first, second, lease_s - 3)
    first.services.sending.run(claimed)
    pass_time(first, second, 400)
    assert second.sent() == []
    assert not first.ledger.gauges()


def test_a_call_within_its_lease_is_not_taken_over(worlds: Worlds) -> None:
    """By the clock of its worker the lease goes on for a minute."""
    first, second = pair(worlds, AHEAD_S)
    [claimed] = first.claimed()
    pass_time(first, second, LEASE_S)
    assert first.ledger.gauges() == {("promo", "calling"): 2}
    pass_time(first, second, 2)
    assert first.ledger.gauges() == {("promo", "unknown"): 2}
    assert claimed.lease == int(first.now - 2) * 1000


def test_a_truly_absent_call_is_sent_again(worlds: Worlds) -> None:
    """A minute later than by one clock, and once."""
    first, second = pair(worlds, 0)
    first.vendor.answer = raising(OutcomeUnknown("The answer was lost."))
    second.vendor.look_up = lambda batch: [not_sent(NotAccepted("absent"))] * len(batch.messages)
    first.hand_over()
    pass_time(first, second, NOTED_S + 59)
    assert second.sent() == []
    pass_time(first, second, 2)
    assert second.sent() == PHONES


# Seconds: how far behind the one that called is; when after it notes its time, while the other asks.
FAR: dict[str, tuple[int, int]] = {
    "noted late": (7200, 19),
    "noted at once": (7200, 1),
    "by minutes": (300, 19),
    "it is gone": (7200, 0),
    "together": (0, 19),
}


@pytest.mark.parametrize(("behind_s", "noted_s"), FAR.values(), ids=FAR)
def test_a_call_is_not_old_by_the_clock_of_a_machine_that_just_began(
    worlds: Worlds, behind_s: int, noted_s: int
) -> None:
    """It cannot know that the other's clock is behind before that one has noted its time again."""
    first = worlds(bridge=APART)
    vendor = Late(first, NOTED_S - 1)
    first.vendor.answer = vendor.lose
    first.duties.bring_back()
    first.send(PHONES)
    first.hand_over()
    second = worlds(bridge=APART, ahead_s=first.now - 1_795_400_000 + behind_s)
    second.vendor.look_up = vendor.look_up
    for at in range(1, 100):
        if at % 20 == 1:
            second.duties.bring_back()
        if noted_s and at % 20 == noted_s:
            first.duties.bring_back()
        pass_time(first, second, 1, asked=True)
    pass_time(first, second, 300)
    assert second.sent() == []


@pytest.mark.parametrize("behind_s", [7200, 300, 0])
def test_a_machine_that_begins_hours_behind_says_so_before_its_first_call(
    worlds: Worlds, behind_s: int
) -> None:
    """Who worked all the time would take its call for an old one."""
    second = worlds(bridge=APART)
    second.duties.bring_back()
    first = worlds(bridge=APART, ahead_s=-behind_s)
    vendor = Late(first, NOTED_S - 1)
    first.vendor.answer, second.vendor.look_up = vendor.lose, vendor.look_up
    code = first.template()
    first.send(PHONES, code=code)
    second.now += 10
    first.hand_over()
    pass_time(first, second, 200, asked=True)
    assert second.sent() == []


def test_what_was_lost_before_the_bridge_stood_still_is_sent_again_a_while_after(worlds: Worlds) -> None:
    """Its age is known once the new worker has seen enough time pass; not later."""
    first = worlds(bridge=APART)
    first.vendor.answer = raising(OutcomeUnknown("The answer was lost."))
    first.duties.bring_back()
    first.send(PHONES)
    first.hand_over()
    second = worlds(bridge=APART, ahead_s=7200)
    second.vendor.look_up = lambda batch: [not_sent(NotAccepted("absent"))] * len(batch.messages)
    for at in range(210):
        if at % 20 == 0:
            second.duties.bring_back()
        assert second.sent() == []
        pass_time(first, second, 1)
    pass_time(first, second, 2 * STEP_S)
    assert second.sent() == PHONES
