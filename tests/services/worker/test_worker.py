"""What must not stop a worker: a row that cannot be written, a plugin that ends its thread, a ledger away."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from bridge.ledger import Claimed, Conclusion, LedgerUnavailable, Recorded, Settlement
from bridge.ledger.scope import Holder
from bridge.plugin import Batch, CredentialsRejected, MessageStatus, SubmitResult, accepted, unknown
from bridge.worker import LoopFailed, Worker, loop
from bridge.worker.duties import Duty

from ..conftest import Worlds
from ..world import NAME, World

PHONES = [f"138{index:08d}" for index in range(6)]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between the turns of a failing loop."""
    monkeypatch.setattr(loop, "_RETRY_S", 0.0)


def poison(world: World, monkeypatch: pytest.MonkeyPatch, spoilt: Callable[[Conclusion], bool]) -> None:
    """Let the ledger refuse every transaction that holds a conclusion of some kind."""
    record = world.ledger.batches.record

    def refusing(connection: Any, conclusions: Sequence[Conclusion], now: int) -> list[Recorded]:
        recorded = record(connection, conclusions, now)
        if any(map(spoilt, conclusions)):
            raise ValueError("a value out of range")
        return recorded

    monkeypatch.setattr(world.ledger.batches, "record", refusing)


def holds(phone: str) -> Callable[[Conclusion], bool]:
    return lambda conclusion: any(row.phone == phone for row in conclusion.rows)


def test_an_answer_that_cannot_be_written_is_unknown_and_holds_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are recorded; the one is never called again and waits for proof like a lost answer."""
    world.vendor.size = 1

    def spoilt(one: Conclusion) -> bool:
        return holds(PHONES[2])(one) and one.rows[0].status != MessageStatus.CALLING

    poison(world, monkeypatch, spoilt)
    world.send(PHONES)
    world.hand_over()
    assert sorted(world.sent()) == PHONES
    assert world.ledger.gauges() == {(NAME, "unknown"): 1}
    world.now += 151  # two leases, and what the vendor takes to show it
    world.settle()
    assert world.ledger.gauges() == {}
    assert sorted(world.sent()) == PHONES


def test_an_answer_that_cannot_be_written_at_all_is_left_to_its_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back when the lease has lapsed, again and again, and stops neither loop nor duty."""
    world.vendor.size = 1
    with monkeypatch.context() as broken:
        poison(world, broken, holds(PHONES[2]))
        world.send(PHONES)
        world.hand_over()
        for _ in range(3):
            assert world.ledger.gauges() == {(NAME, "calling"): 1}
            world.now += 61
            world.settle()
    world.now += 61
    world.settle()
    assert world.ledger.gauges() == {(NAME, "unknown"): 1}
    assert sorted(world.sent()) == PHONES


def test_a_batch_that_cannot_be_settled_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the next claim; the others are looked up and done."""
    world.vendor.size = 1
    world.vendor.answer = lambda batch: [unknown("?")]
    world.send(PHONES[:3])  # after so many failures the account rests
    world.hand_over()
    settle = world.ledger.batches.settle

    def refusing(settlement: Settlement, now: int) -> Recorded:
        if PHONES[0] in settlement.batch.recipients.phones:
            raise ValueError("a value out of range")
        return settle(settlement, now)

    monkeypatch.setattr(world.ledger.batches, "settle", refusing)
    world.now += 61
    while world.settle():
        pass
    assert world.ledger.gauges() == {(NAME, "unknown"): 1}


def test_what_was_claimed_is_called_even_when_the_ledger_goes_away_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause that could not be stored costs the pause, not the batches claimed in the same commit."""
    world.vendor.size = 1

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        raise CredentialsRejected("The key is refused.")

    def away(*_: object, **__: object) -> int:
        raise LedgerUnavailable("away")

    world.vendor.answer = answer
    world.send(PHONES)
    with monkeypatch.context() as broken:
        broken.setattr(world.ledger.coordination, "pause", away)
        world.hand_over()
    assert set(world.ledger.gauges()) == {(NAME, "ready")}


def test_answers_are_kept_while_the_ledger_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor is called once; what it said is written when the database is back."""
    write = world.ledger.database.write
    answered = threading.Event()

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        monkeypatch.setattr(world.ledger.database, "write", away)
        answered.set()
        return [accepted() for _ in batch.messages]

    def away(*_: object, **__: object) -> None:
        raise LedgerUnavailable("away")

    world.vendor.answer = answer
    world.send(PHONES)
    world.sender.cycle(0)
    assert answered.wait(10)
    for _ in range(3):
        with pytest.raises(LedgerUnavailable):
            while True:
                world.sender.cycle(0.05)
    monkeypatch.setattr(world.ledger.database, "write", write)
    world.hand_over()
    assert world.sent() == PHONES
    assert world.ledger.gauges() == {}


def test_a_plugin_that_ends_its_thread_costs_one_call(world: World) -> None:
    """It may have sent its messages before."""

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        raise SystemExit(3)

    world.vendor.answer = answer
    world.send(PHONES)
    world.hand_over()
    assert world.ledger.gauges() == {(NAME, "unknown"): 6}
    assert world.sent() == PHONES


def test_a_call_that_ends_its_thread_is_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its slot is free again, and its lease makes the outcome unknown."""
    run = world.services.sending.run

    def ending(claimed: Claimed) -> None:
        run(claimed)
        raise SystemExit(3)

    monkeypatch.setattr(world.services.sending, "run", ending)
    world.send(PHONES)
    world.hand_over()
    assert not world.sender.busy
    assert world.ledger.gauges() == {(NAME, "calling"): 6}
    world.now += 61
    world.settle()
    assert world.ledger.gauges() == {(NAME, "unknown"): 6}
    assert world.sent() == PHONES


@pytest.mark.parametrize("failures", [1, 5])
def test_a_loop_outlives_failures(world: World, monkeypatch: pytest.MonkeyPatch, failures: int) -> None:
    """What fails is logged and tried again; the loop goes on."""
    stop, turns = threading.Event(), [0]

    def cycle(*_: object, **__: object) -> int:
        turns[0] += 1
        if turns[0] <= failures:
            raise ValueError("unexpected")
        stop.set()
        return 0

    for one in (world.sender, world.pusher):
        turns[0] = 0
        stop.clear()
        monkeypatch.setattr(one, "cycle", cycle)
        one.run(stop)
        assert (turns[0], one.alive) == (failures + 1, True)


def test_a_worker_whose_loop_gets_nowhere_says_so_and_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a minute of nothing but failures it does not count as alive, and ends to be started again."""
    worker = Worker(world.settings, world.all_services, world.ledger, clock=lambda: world.now)
    worker.duties.beat()
    assert world.ledger.coordination.live_workers(since=int(world.now * 1000)) == [worker.name]

    def cycle(*_: object, **__: object) -> int:
        world.now += 10
        worker.duties.beat()
        raise ValueError("unexpected")

    began = world.now
    monkeypatch.setattr(worker.pusher, "cycle", cycle)
    with structlog.testing.capture_logs(), pytest.raises(LoopFailed):
        worker.run(threading.Event())
    assert 60 <= world.now - began <= 80
    assert world.ledger.coordination.live_workers(since=int(began * 1000)) == []


@pytest.mark.parametrize("loop_", ["sender", "pusher"])
def test_a_worker_whose_loop_ends_its_thread_ends(
    world: World, monkeypatch: pytest.MonkeyPatch, loop_: str
) -> None:
    """At once: the other loop does not go on alone."""
    worker = Worker(world.settings, world.all_services, world.ledger, clock=lambda: world.now)

    def cycle(*_: object, **__: object) -> int:
        raise SystemExit(3)

    monkeypatch.setattr(getattr(worker, loop_), "cycle", cycle)
    with structlog.testing.capture_logs(), pytest.raises(LoopFailed):
        worker.run(threading.Event())


@pytest.mark.parametrize("fault", [ValueError("unexpected"), LedgerUnavailable("away"), SystemExit(3)])
def test_a_duty_outlives_what_it_meets(fault: BaseException) -> None:
    """Nobody else of this worker would do it."""
    stop, turns = threading.Event(), [0]

    def work() -> bool:
        turns[0] += 1
        if turns[0] == 1:
            raise fault
        stop.set()
        return False

    Duty("test", 0.0, work).run(stop)
    assert turns == [2]


def test_a_policy_that_defers_into_the_past_does_not_spin(worlds: Worlds) -> None:
    """The batch is asked about again, but not at once."""
    from datetime import UTC, datetime

    from bridge.plugin import Verdict

    world = worlds()
    asked: list[str] = []

    def decide(number: str) -> Verdict:
        asked.append(number)
        return Verdict(defer_until=datetime(2000, 1, 1, tzinfo=UTC))

    world.screen.decide = decide
    world.send(PHONES[:1])
    for _ in range(5):
        world.sender.cycle(0.05)
    assert len(asked) == 1


def test_what_nobody_called_is_not_in_question(world: World) -> None:
    """A worker that died while it gave a batch up had not called the vendor for it."""
    world.send(PHONES)
    world.now += 73 * 3600
    now = int(world.now * 1000)
    assert world.ledger.batches.claim_expired([NAME], Holder("dead", 60_000), limit=9, now=now)
    world.now += 61
    world.settle()
    assert world.ended() == dict.fromkeys(PHONES, "NOT_SENT_IN_TIME")


@pytest.mark.parametrize(
    ("table", "column", "junk"),
    [("batch", "recipients", b"junk"), ("send", "template", "junk"), ("send", "template", '{"type": 2}')],
)
def test_a_batch_that_cannot_be_read_costs_itself(
    world: World, table: str, column: str, junk: str | bytes
) -> None:
    """When it is due, at its deadline, and after; the others are sent and nothing spins."""
    code = world.template()
    for phone in PHONES[:3]:
        world.send([phone], code=code, digest=phone.encode())
    first = f"(SELECT min(id) FROM {table})"
    spoil = text(f"UPDATE {table} SET {column} = :junk WHERE id = {first}")
    world.ledger.write(lambda c: c.execute(spoil, {"junk": junk}))
    for hours in (0, 1, 72, 73, 74):
        world.now += hours * 3600
        world.hand_over()
        for _ in range(9):
            if not world.settle():
                break
        else:
            pytest.fail("it is looked after without end")
    assert sorted(world.sent()) == PHONES[1:3]
    assert sum(world.ledger.gauges().values()) == 1


def test_each_channel_reads_its_files_in_a_thread_of_its_own(worlds: Worlds) -> None:
    """As it does all that waits for third parties: a host that trickles keeps no other channel waiting."""
    world = worlds()
    names = {duty.name for duty in world.duties.all(threading.Event())}
    outside = {"settle", "review", "read files"}
    assert {f"{duty} {name}" for duty in outside for name in world.settings.channels} <= names
