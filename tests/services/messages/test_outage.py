"""A vendor that fails for an hour under a long queue costs a few messages; the others wait and are sent."""

from collections.abc import Sequence

import pytest

from bridge.ledger import Account, Room
from bridge.plugin import (
    Batch,
    NotAccepted,
    OutcomeUnknown,
    SubmitResult,
    VendorThrottled,
    VendorUnavailable,
    accepted,
    not_sent,
    unknown,
)
from bridge.services.desk.operating import Operating

from ..conftest import Worlds
from ..two_accounts import raising
from ..world import NAME, World

PHONES = [f"138{number:08d}" for number in range(20_000)]
HOUR = 3600

FAILING: dict[str, Exception | SubmitResult] = {
    "answers 503": OutcomeUnknown("The vendor answered HTTP 503.", code="HTTP_503"),
    "hangs": OutcomeUnknown("The vendor did not answer in time.", code="READ_TIMEOUT"),
    "resets the connection": OutcomeUnknown("The connection broke.", code="CONNECTION_LOST"),
    "answers HTML": unknown("The vendor's answer is not JSON.", "BAD_ANSWER"),
    "cannot be reached": VendorUnavailable("The vendor refused the connection."),
    "has a plugin with a bug": KeyError("sid"),
}


def failing(how: Exception | SubmitResult) -> object:
    """Return a vendor's answer that fails in this way."""

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        if isinstance(how, Exception):
            raise how
        return [how] * len(batch.messages)

    return answer


def pass_an_hour(world: World) -> None:
    """Send whenever the account allows it."""
    end = world.now + HOUR
    while world.now < end:
        world.hand_over()
        rests = [account.open_until for account in world.ledger.accounts.of(NAME).values()]
        world.now = max(world.now + 10, *(until / 1000 for until in rests))


@pytest.mark.parametrize("how", FAILING.values(), ids=FAILING)
def test_an_outage_costs_almost_nothing(worlds: Worlds, how: Exception | SubmitResult) -> None:
    """At most 200 messages are handed over in vain, and afterwards everybody gets one message."""
    world = worlds(cold=True, reconcile_after_s=2 * HOUR)
    world.vendor.size = 1000
    world.vendor.answer = failing(how)  # type: ignore[assignment]
    world.send(PHONES, params=[{"name": "n"}] * len(PHONES))
    pass_an_hour(world)
    tried = world.sent()
    assert 3 <= len(tried) <= 200
    assert sum(world.ledger.gauges().values()) == len(PHONES) and not world.ended()
    world.vendor.batches.clear()
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
    world.vendor.look_up = lambda batch: [not_sent(NotAccepted("absent")) for _ in batch.messages]
    for _ in range(9):
        world.now += HOUR
        while world.settle():
            pass
        world.hand_over()
    assert sorted(world.sent()) == PHONES
    assert not world.ended()


def test_an_outage_in_the_middle_costs_what_is_in_flight_as_well(worlds: Worlds) -> None:
    """An account that runs freely has at most `concurrency` calls in flight when it begins to fail."""
    world = worlds(concurrency=2, reconcile_after_s=2 * HOUR)
    world.warm()
    world.cold = True
    world.vendor.size = 500
    world.vendor.answer = failing(FAILING["answers 503"])  # type: ignore[assignment]
    world.send(PHONES, params=[{"name": "n"}] * len(PHONES))
    pass_an_hour(world)
    assert 500 < len(world.sent()) <= 2 * 500 + 200


def test_an_account_that_answers_is_soon_free(worlds: Worlds) -> None:
    """The calls grow from a hundred messages to what the vendor takes."""
    world = worlds(cold=True)
    world.vendor.size = 1000
    world.send(PHONES[:5000], params=[{"name": "n"}] * 5000)
    world.hand_over()
    sizes = [len(batch.messages) for batch in world.vendor.batches]
    assert (sizes[0], sum(sizes)) == (100, 5000)
    assert len(sizes) <= 20


def test_an_account_that_swallows_workers_rests(worlds: Worlds) -> None:
    """Each call that a worker does not come back from is a failure; three in a row open the breaker."""
    world = worlds(cold=True, reconcile_after_s=2 * HOUR)
    world.send(PHONES[:1000], params=[{"name": "n"}] * 1000)
    for failures, opens in [(1, 0), (2, 0), (3, 1)]:
        world.now += 1
        assert world.claimed(account(world).allowed(world.now_ms))
        world.now += 62
        assert world.duties.take_over()
        assert (account(world).failures, account(world).opens) == (failures, opens)
    assert not world.claimed(account(world).allowed(world.now_ms))
    assert sum(world.ledger.gauges().values()) == 1000
    assert world.ledger.gauges()[(NAME, "unknown")] <= 200


def test_a_worker_that_is_killed_lets_no_account_rest(worlds: Worlds) -> None:
    """However many calls it was in: half of what may be risked is left, and a success goes on from there."""
    world = worlds(cold=True, concurrency=8)
    world.vendor.size = 10
    world.send(PHONES[:200], params=[{"name": "n"}] * 200)
    assert len(world.claimed(Room(8, 10))) == 8
    world.now += 62
    world.duties.take_over()
    assert (account(world).failures, account(world).opens) == (1, 0)
    world.hand_over()
    assert len(world.sent()) == 120
    assert account(world).failures == 0


@pytest.mark.parametrize("noted", [True, False], ids=["noted", "not noted"])
@pytest.mark.parametrize("another", [False, True], ids=["the same worker", "another"])
@pytest.mark.parametrize("ahead_s", [0, 300, 900, 7200])
def test_a_breaker_holds_when_the_clock_that_opened_it_is_set_back(
    worlds: Worlds, ahead_s: int, another: bool, noted: bool
) -> None:
    """A message tries now and then, and each that fails lets the account rest longer."""
    first = opened(worlds, ahead_s)
    second = worlds(cold=True, reconcile_after_s=2 * HOUR) if another else first
    second.now = first.now - ahead_s
    assert tried_in_half_a_minute(second, noted=noted) <= 4


@pytest.mark.parametrize("ahead_s", [0, 60])
def test_a_breaker_that_a_worker_ahead_has_opened_holds_after_a_person_ended_its_rest(
    worlds: Worlds, ahead_s: int
) -> None:
    """By the clock of the one that tries, the failure that opened it is yet to come."""
    first = opened(worlds, ahead_s)
    second = worlds(cold=True, reconcile_after_s=2 * HOUR)
    second.now = first.now - ahead_s
    Operating(first.settings, first.ledger, lambda: second.now).resume(NAME)
    assert 1 <= tried_in_half_a_minute(second, noted=True) <= 4


@pytest.mark.parametrize(("apart_s", "begun"), [(60, 0), (40, 0), (0, 1)])
def test_a_worker_ahead_counts_the_call_of_one_behind(worlds: Worlds, apart_s: int, begun: int) -> None:
    """The first call of an account is one call, by whatever clock; on one machine that worker is silent."""
    first, second = (worlds(cold=True, bridge={"clocks_apart_s": apart_s}) for _ in range(2))
    first.send(PHONES[:300], params=[{"name": "n"}] * 300)
    first.ledger.coordination.beat("dead", started=first.now_ms, now=first.now_ms)
    assert len(first.claimed(account(first).allowed(first.now_ms))) == 1
    second.now = first.now + 40
    assert second.sender.cycle(0) == begun
    while second.sender.busy:
        second.sender.cycle(0.05, claiming=False)


@pytest.mark.parametrize("kind", ["rate", "throttled"])
@pytest.mark.parametrize("ahead_s", [0, 480, 3000])
def test_a_sound_account_waits_for_no_time_of_a_clock_ahead(worlds: Worlds, ahead_s: int, kind: str) -> None:
    """What its rate or its vendor let wait goes on soon after the clock was set back, within the hour too."""
    world = worlds(rate_per_s=20 if kind == "rate" else 0, cold=True)
    code = world.template()
    world.now += ahead_s
    world.duties.bring_back()
    if kind == "throttled":
        world.vendor.answer = raising(VendorThrottled("slow", retry_after=3))
    world.send(PHONES[:150], code=code)
    for _ in range(4):
        world.hand_over()
        world.now += 1
    assert 0 < len(world.sent()) < 150 or kind == "throttled"
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
    world.vendor.batches.clear()
    world.now -= ahead_s
    world.send(PHONES[150:151], code=code, digest=b"later")
    for second in range(30):
        world.now += 1
        if second % 20 == 19:
            world.duties.bring_back()
        world.hand_over()
    assert PHONES[150] in world.sent()


def opened(worlds: Worlds, ahead_s: int) -> World:
    """Return a worker whose clock is so far ahead, and whose account rests under a long queue."""
    world = worlds(cold=True, reconcile_after_s=2 * HOUR)
    world.duties.bring_back()
    world.now += ahead_s
    world.vendor.answer = raising(FAILING["answers 503"])  # type: ignore[arg-type]
    world.duties.bring_back()
    world.send(PHONES[:1000], params=[{"name": "n"}] * 1000)
    while not account(world).opens:
        world.sender.cycle(0.05)
    return world


def tried_in_half_a_minute(world: World, *, noted: bool) -> int:
    """Send for half a minute; `noted`: its duties note what time it is. Returns how many were handed over."""
    before = len(world.sent())
    world.vendor.answer = raising(FAILING["answers 503"])  # type: ignore[arg-type]
    # What was accepted before waits for its own time, which the clock that was ahead gave it.
    world.send(PHONES[1000:1500], params=[{"name": "n"}] * 500, digest=b"later")
    for _ in range(30):
        world.now += 1
        if noted:
            world.duties.bring_back()
        for _ in range(9):  # a breaker that is off would hand over all
            if not (world.sender.cycle(0.05 if world.sender.busy else 0) or world.sender.busy):
                break
    return len(world.sent()) - before


def account(world: World) -> Account:
    """Return the account as the ledger knows it."""
    return world.ledger.accounts.of(NAME).get("obedient", Account(NAME, "obedient"))
