"""Messages that are sent again, while reports on earlier calls, claims and the end of a campaign come."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, func, select, update

from bridge.ledger import (
    FIRST_ROWS,
    Act,
    Climb,
    Resent,
)
from bridge.ledger.database import tables
from bridge.ledger.refs import Place
from bridge.ledger.reports import receipts
from bridge.ledger.sending import unknowns
from bridge.plugin import (
    Batch,
    MessageStatus,
    NotAccepted,
    SubmitResult,
    Verdict,
    accepted,
    from_vendor,
    not_sent,
    rejected,
)
from bridge.services.campaigns.controlling import CampaignControlling
from bridge.services.campaigns.seeing import Seeing

from ..conftest import Worlds
from ..desk.test_timeline import seen
from ..desk.test_unknowns import ALL, LOST, PHONES, desk, lost, references
from ..reports.test_earlier_calls import ASKS, BUSY, DELIVERED, FAILED, PHONE, again, cut, told
from ..world import NAME, World


def cancelled(world: World) -> None:
    controlling = CampaignControlling(Seeing(world.ledger), world.ledger, lambda: world.now, "shell:x")
    controlling.cancel([NAME], "task-1", "Wrong.")
    world.duties.control()


def expired(world: World) -> None:
    world.now += 150 * 3600
    world.duties.expire()


def suppressed(world: World) -> None:
    world.screen.decide = lambda number: Verdict(code="SUPPRESSED", reason="Opted out.")
    world.hand_over()


UNCALLED: dict[Callable[[World], None], str] = {
    cancelled: "CANCELLED",
    expired: "NOT_SENT_IN_TIME",
    suppressed: "SUPPRESSED",
}


def decided(world: World) -> None:
    assert desk(world).resend(ALL, "Lost.").messages == 1


def by_policy(world: World) -> None:
    world.now += 73 * 3600
    world.vendor.look_up = lambda batch: [LOST]
    assert world.settle()


def proved_absent(world: World) -> None:
    world.vendor.look_up = lambda batch: [not_sent(NotAccepted("Never came."))]
    assert world.settle()


@pytest.mark.parametrize("why", [decided, by_policy, proved_absent])
@pytest.mark.parametrize("end", UNCALLED)
def test_what_is_not_called_again_may_have_arrived_all_the_same(
    worlds: Worlds, end: Callable[[World], None], why: Callable[[World], None]
) -> None:
    """Nobody is told that it was never handed to a vendor, unless the earlier call is proved to be absent."""
    world = worlds(unknown_policy="resend")
    lost(world, [PHONE])
    world.now += 300
    why(world)
    end(world)
    assert len(world.sent()) == 1
    proved = why is proved_absent
    assert world.ended() == {PHONE: UNCALLED[end] if proved else "OUTCOME_UNKNOWN"}
    status = ("rejected" if end is suppressed else "unsent") if proved else "unknown"
    assert seen(world, PHONE).status == status


def test_reports_and_claims_at_once_call_nobody_who_was_told(world: World) -> None:
    """A message is taken back or called; a claim that was first keeps it, and the report counts later."""
    phones = [f"138{number:08d}" for number in range(42)]
    world.vendor.size = 14
    refs = again(world, phones)
    together = Barrier(2)

    def claim() -> int:
        together.wait()
        return sum(iter(lambda: cut(world), 0))

    def receive() -> int:
        together.wait()
        return sum(told(world, ref) for ref in refs[::-1])

    with ThreadPoolExecutor(2) as pool:
        claimed, parked = (one.result() for one in [pool.submit(claim), pool.submit(receive)])
    assert claimed == parked
    assert claimed + len(world.ended()) == len(phones)
    world.now += 61
    while world.duties.take_over():
        pass
    world.now += 100  # what has waited for a minute is tried again after another
    world.ledger.receipts.retry_parked(NAME, pushes=True, now=int(world.now * 1000))
    assert world.ended() == dict.fromkeys(phones, "DELIVERED")
    assert world.ledger.outbox.waiting(NAME)[0] == len(phones)
    assert world.ledger.tallies.differences() == []


@pytest.mark.parametrize("called_again", [False, True])
def test_a_report_that_meets_a_decision_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, called_again: bool
) -> None:
    """The message that it has found is moved before it changes: then it counts where the message is."""
    lost(world, [PHONE])
    [ref] = references(world)
    if called_again:
        world.now += 60
        desk(world).resend(ALL, "Lost.")
        ASKS(world)
        anew = update(tables.batch).values(decision=0)
        world.ledger.write(lambda connection: connection.execute(anew))
    climbed = receipts._climbed

    def decided_first(connection: Connection, climbs: Iterable[Climb], known: Mapping[Place, int]) -> object:
        monkeypatch.undo()
        act = Act("me", "sent again", int(world.now * 1000), NAME)
        assert unknowns._move(connection, ALL, act, Resent(0, 0, 0), deadline=1 << 42).messages == 1
        return climbed(connection, climbs, known)

    monkeypatch.setattr(receipts, "_climbed", decided_first)
    assert told(world, ref) == 1
    world.now += 1
    world.ledger.receipts.retry_parked(NAME, pushes=True, now=int(world.now * 1000))
    world.hand_over()
    assert (world.ended(), len(world.sent())) == ({PHONE: "DELIVERED"}, 1 + called_again)


class Met(NamedTuple):
    """How a call of two ended during which a report on the first call of one came, and what came of it.

    `then`: what was done next; `end`: the one that Quick Audience is told.
    """

    answer: SubmitResult
    other: SubmitResult = accepted()
    then: Callable[[World], None] | None = None
    report: MessageStatus = DELIVERED
    end: str = "DELIVERED"


MET: dict[str, Met] = {
    "refused": Met(rejected("BAD", "Bad.")),
    "refused, the first had failed": Met(rejected("BAD", "Bad."), report=FAILED, end="BAD"),
    "taken": Met(accepted()),
    "lost": Met(LOST),
    "put back": Met(BUSY),
    "put back, the first had failed": Met(BUSY, report=FAILED, end="UNDELIVERABLE"),
    "put back with the other": Met(BUSY, other=BUSY),
    "put back, then cancelled": Met(BUSY, then=cancelled),
}


@pytest.mark.parametrize("met", MET.values(), ids=MET)
def test_a_report_that_waits_for_a_call_is_looked_at_with_its_record(world: World, met: Met) -> None:
    """However long it has waited, and whatever its next trial: nobody is called again, or told otherwise."""
    refs = again(world, PHONES[:2])

    def answer(batch: Batch) -> list[SubmitResult]:
        assert told(world, refs[0], status=met.report) == 1
        for _ in range(3):  # until it is tried again after many seconds
            world.now += 7
            world.ledger.receipts.retry_parked(NAME, pushes=True, now=int(world.now * 1000))
        return [met.answer, met.other]

    world.vendor.answer = answer
    world.hand_over()
    world.vendor.answer = lambda batch: [accepted()] * len(batch.messages)
    if met.then is not None:
        met.then(world)
    world.now += 2
    world.hand_over()
    assert world.ended() == {PHONE: met.end}
    assert Counter(world.sent()) == {PHONE: 2, PHONES[1]: 2 + (met.other == BUSY)}
    assert world.ledger.outbox.waiting(NAME)[0] == 1
    assert world.ledger.tallies.differences() == []


@pytest.mark.parametrize(
    ("found", "end"),
    [(accepted("their id"), {}), (rejected("STOP", "Opted out.", opted_out=True), {PHONE: "STOP"})],
    ids=["taken", "refused"],
)
def test_what_a_look_up_finds_while_a_person_decides(
    world: World, found: SubmitResult, end: dict[str, str]
) -> None:
    """It takes back what waits, as a report does, and who has opted out has."""
    lost(world, [PHONE])
    world.now += 60

    def look_up(batch: Batch) -> list[SubmitResult]:
        decided(world)
        return [found]

    world.vendor.look_up = look_up
    world.settle()
    world.hand_over()
    assert (len(world.sent()), world.ended()) == (1, end)
    assert len(world.ledger.suppressions.list(NAME, FIRST_ROWS)) == found.opted_out
    assert world.ledger.tallies.differences() == []


@pytest.mark.parametrize("first_goes", [False, True])
def test_nothing_is_kept_longer_than_the_message(world: World, first_goes: bool) -> None:
    """The earlier place goes with its own batch, or with the message; a reason goes with its person."""
    usual = world.vendor.answer
    world.vendor.answer = lambda batch: [LOST, accepted()]
    world.send(PHONES[:2])
    world.hand_over()
    world.vendor.answer = usual
    [ref, other] = references(world)
    world.now += 600
    desk(world).resend(ALL, "Lost.")
    world.hand_over()
    told(world, references(world)[-1])
    told(world, ref, status=FAILED, reason="13800138000 is no customer.")
    now = int(world.now * 1000)
    world.ledger.forgetting.forget(NAME, from_vendor(f"86{PHONE}"), now, Act("me", "forgotten", now, NAME))
    kept = select(tables.report.c.reason, tables.report.c.status)
    with world.ledger.database.read() as connection:
        assert [tuple(one) for one in connection.execute(kept)] == [("", FAILED)]
    if first_goes:
        told(world, other)
    world.ledger.retention.purge(now - 300_000 if first_goes else now + 1, channels=[NAME])
    with world.ledger.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.batch)).scalar() == 1
        assert connection.execute(select(func.count()).select_from(tables.moved)).scalar() == 0
