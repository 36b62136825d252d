"""The guards of weighted routes, a row each."""

import random
from itertools import cycle
from typing import NamedTuple

import pytest

from bridge.ledger import Change
from bridge.plugin import DeliveryReceipt, MessageStatus, accepted, rejected
from bridge.services.messages.balancing import Performance, Shift, shares, shifts

from ..conftest import Worlds
from ..two_accounts import soon, two
from ..world import NAME, World

MINUTE = 60_000
NOW = 1_795_400_000_000
WELL = Performance(100, 1, 1, 100, 9)
SLOW = Performance(100, 0, 0, 100, 40)
REFUSING = Performance(100, 20, 0, 100, 5)
THROTTLED = Performance(100, 0, 20, 100, 5)
FEW = Performance(5, 5, 5, 5, 5)
CONFIGURED = {"main": 50, "spare": 50}
QUIET = "Nothing was wrong for 15 minutes."


class Row(NamedTuple):
    """Weights now, how each account does, minutes since the last change -> the weights afterwards."""

    main: int
    spare: int
    health: tuple[Performance, Performance]
    since: int
    after: tuple[int, int]


ROWS: dict[str, Row] = {
    "all is well": Row(50, 50, (WELL, WELL), 60, (50, 50)),
    "refusals take ten points": Row(50, 50, (REFUSING, WELL), 60, (40, 60)),
    "throttling takes ten points": Row(50, 50, (WELL, THROTTLED), 60, (60, 40)),
    "slowness takes ten points": Row(50, 50, (SLOW, WELL), 60, (40, 60)),
    "once in five minutes": Row(40, 60, (SLOW, WELL), 4, (40, 60)),
    "and again after five": Row(40, 60, (SLOW, WELL), 5, (30, 70)),
    "not when all are slow": Row(50, 50, (SLOW, SLOW), 60, (50, 50)),
    "slow and refusing is not all slow": Row(50, 50, (REFUSING, SLOW), 60, (50, 50)),
    "few messages say nothing": Row(50, 50, (FEW, WELL), 60, (50, 50)),
    "a little stays": Row(5, 95, (REFUSING, WELL), 60, (1, 99)),
    "nothing is left to take": Row(1, 99, (REFUSING, WELL), 60, (1, 99)),
    "back after fifteen quiet minutes": Row(20, 80, (WELL, WELL), 15, (30, 70)),
    "after a clock that ran ahead": Row(50, 50, (REFUSING, WELL), -1440, (40, 60)),
    "back after a clock that ran ahead": Row(20, 80, (WELL, WELL), -1440, (30, 70)),
    "not before": Row(20, 80, (WELL, WELL), 14, (20, 80)),
    "no further than configured": Row(45, 55, (WELL, WELL), 15, (50, 50)),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_guards(row: Row) -> None:
    """Each change has its reason."""
    current = {"main": row.main, "spare": row.spare}
    found = shifts(
        CONFIGURED,
        current,
        dict(zip(CONFIGURED, row.health, strict=True)),
        NOW - row.since * MINUTE,
        NOW,
    )
    assert all(shift.reason.endswith(".") and shift.before == current[shift.account] for shift in found)
    after = current | {shift.account: shift.after for shift in found}
    assert (after["main"], after["spare"]) == row.after


def test_the_reasons_say_what_was_seen() -> None:
    """For the one that loses, and for the one that gains."""
    found = shifts(CONFIGURED, CONFIGURED, {"main": REFUSING, "spare": WELL}, 0, NOW)
    assert found == [
        Shift("main", 50, 40, "20 of 100 messages were refused."),
        Shift("spare", 50, 60, "The account main is not well."),
    ]
    back = shifts(CONFIGURED, {"main": 20, "spare": 80}, {}, 0, NOW)
    assert {shift.reason for shift in back} == {QUIET}


def test_weights_follow_what_the_accounts_did(worlds: Worlds) -> None:
    """A channel whose first account refuses a fifth of its messages, and is well again later."""
    accounts = {name: {"vendor": "obedient", "weight": 50} for name in CONFIGURED}
    world = two(worlds, accounts=accounts, route="weighted")
    code = world.template()
    main = world.vendors["main"]
    main.answer = lambda batch: [
        rejected("NO", "no") if seq % 2 else accepted(f"v-{message.ref}")
        for seq, message in enumerate(batch.messages)
    ]
    for number in range(30):
        phones = [f"13800{number:03d}{seq:03d}" for seq in range(4)]
        world.send(phones, code=code, digest=b"%d" % number)
    world.hand_over()
    routing, weights = world.services.routing, world.ledger.weights
    assert routing.balance("worker") == 2
    assert routing.weights() == {"main": 40, "spare": 60}
    assert routing.balance("another") == 0, "another process just did it"
    reasons = {one.account: one.reason for one in weights.changes(NAME)}
    assert "messages were refused." in reasons["main"]
    main.answer = lambda batch: [accepted() for _ in batch.messages]
    world.now += 16 * 60
    assert routing.balance("worker") == 2
    assert routing.weights() == {"main": 50, "spare": 50}
    assert len(weights.changes(NAME)) == 4


def deliver(world: World, name: str) -> None:
    """Report all that an account has taken."""
    refs = [message.ref for batch in world.vendors[name].batches for message in batch.messages]
    receipts = [DeliveryReceipt(MessageStatus.DELIVERED, ref) for ref in refs]
    world.services.at[name].receiving.store_reports(receipts, [], "webhook")


# seconds after which each account delivers what it took, None for never -> the weights then
DELIVERIES: dict[str, tuple[float | None, float | None, tuple[int, int]]] = {
    "as ever": (5, 5, (50, 50)),
    "late": (400, 5, (40, 60)),
    "never": (None, 5, (40, 60)),
    "neither delivers": (None, None, (50, 50)),
}


@pytest.mark.parametrize(("main", "spare", "after"), DELIVERIES.values(), ids=DELIVERIES)
def test_an_account_that_delivers_late_or_not_loses_weight(
    worlds: Worlds,
    monkeypatch: pytest.MonkeyPatch,
    main: float | None,
    spare: float | None,
    after: tuple[int, int],
) -> None:
    """Against what it did in the week before: five seconds."""
    accounts = {name: {"vendor": "obedient", "weight": 50} for name in CONFIGURED}
    world = two(worlds, accounts=accounts, route="weighted")
    turns = cycle(CONFIGURED)
    monkeypatch.setattr(random, "choices", lambda *_: [next(turns)])
    code = world.template()
    for number, count in [(0, 100), (1, 100), (2, 30), (3, 30)]:
        world.now += 3600 if number == 2 else 0
        phones = [f"1380000{number}{seq:03d}" for seq in range(count)]
        world.send(phones, code=code, digest=b"%d" % number, params=[{"name": "n"}] * count)
        soon(world, 2)
        if number == 1:
            world.now += 5
            for name in CONFIGURED:
                deliver(world, name)
    begun = world.now
    for seconds, name in sorted((at, name) for at, name in ((main, "main"), (spare, "spare")) if at):
        world.now = begun + seconds
        deliver(world, name)
    world.now = begun + 600
    world.services.routing.balance("worker")
    assert tuple(world.services.routing.weights().values()) == after


def test_throttling_counts_over_all_processes(worlds: Worlds) -> None:
    """And is forgotten after a quarter of an hour."""
    accounts = {name: {"vendor": "obedient", "weight": 50} for name in CONFIGURED}
    world = two(worlds, accounts=accounts, route="weighted")
    for _ in range(2):
        world.ledger.weights.note_throttled(NAME, {"spare": 30}, int(world.now * 1000))
    assert world.services.routing.balance("worker") == 2
    assert world.services.routing.weights() == {"main": 60, "spare": 40}
    world.now += 16 * 60
    world.services.routing.balance("worker")
    assert world.services.routing.weights() == {"main": 50, "spare": 50}


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        ((1, 1), (50, 50)),
        ((100, 100), (50, 50)),
        ((70, 30), (70, 30)),
        ((1, 1, 1), (34, 33, 33)),
        ((1000, 1), (99, 1)),
    ],
)
def test_weights_are_shares(weights: tuple[int, ...], found: tuple[int, ...]) -> None:
    """Whatever numbers are written, ten points are a tenth."""
    assert tuple(shares({str(index): weight for index, weight in enumerate(weights)}).values()) == found


@pytest.mark.parametrize(
    ("main", "spare", "after"), [(70, 30, (60, 40)), (7, 3, (60, 40)), (1, 99, (1, 99)), (1, 1, (50, 50))]
)
def test_other_weights_in_the_settings_count_at_once(
    worlds: Worlds, main: int, spare: int, after: tuple[int, int]
) -> None:
    """What guards did to the weights of before is forgotten; what they did to the same ones is not."""
    first, goals = worlds(), {"main": 70, "spare": 30}
    now = int(first.now * 1000)
    changes = [Change("main", 70, 60, "slow", now), Change("spare", 30, 40, "main is slow", now)]
    first.ledger.weights.change(NAME, goals, changes)
    weights = {"main": main, "spare": spare}
    accounts = {name: {"vendor": "obedient", "weight": weight} for name, weight in weights.items()}
    world = two(worlds, accounts=accounts, route="weighted")
    assert tuple(world.services.routing.weights().values()) == after
    world.now += 16 * 60
    world.services.routing.balance("worker")
    assert world.services.routing.weights() == shares(weights), "back at what is configured, or there already"
