"""A write is tried now and then, however often it is asked; one that hangs holds nobody up."""

import threading
from collections.abc import Callable

import pytest

from bridge.ledger import Ledger, LedgerUnavailable
from bridge.ledger.database import tables
from bridge.services.writability import EVERY_S, Writability


class Slow:
    """A ledger whose writes do what they are told to; it counts them."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.tried = 0
        self._work = work

    def try_write(self) -> None:
        self.tried += 1
        self._work()


def test_whoever_asks_often_costs_one_write() -> None:
    """Ten seconds later it is tried again, and what was mended is seen."""
    now, faults = [0.0], ["The disk is full.", ""]

    def work() -> None:
        if fault := faults.pop(0):
            raise LedgerUnavailable(fault)

    ledger = Slow(work)
    trial = Writability(ledger, tick=lambda: now[0])  # type: ignore[arg-type]
    assert {trial.fault() for _ in range(50)} == {"The disk is full."}
    assert ledger.tried == 1
    now[0] += EVERY_S
    assert (trial.fault(), ledger.tried) == ("", 2)


def test_a_write_that_hangs_is_told_and_begun_once() -> None:
    """Nobody waits for it, and it is no fault before it takes longer than any of the bridge's own."""
    now, go = [0.0], threading.Event()
    ledger = Slow(lambda: (go.wait(30), None)[1])
    trial = Writability(ledger, tick=lambda: now[0], patience_s=0.01)  # type: ignore[arg-type]
    assert trial.fault() == ""
    now[0] += 21
    assert trial.fault() == "The database has taken no write for 20 seconds: another one holds it up."
    assert ledger.tried == 1
    go.set()
    assert trial._idle.wait(30) and trial.fault() == ""


def test_nothing_is_left_of_it(ledger: Ledger) -> None:
    """Neither a row nor a worker that nobody started."""
    ledger.try_write()
    assert ledger.coordination.live_workers(since=-1) == []
    with ledger.database.read() as connection:
        assert connection.execute(tables.worker.select()).all() == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_standby_takes_no_writes(ledger: Ledger) -> None:
    """It answers every question, and would lose what is accepted."""
    name = ledger.database.engine.url.database
    with ledger.database.engine.begin() as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    try:
        ledger.close()
        assert "Let database name the primary server." in Writability(ledger).fault()
    finally:
        with ledger.database.engine.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ WRITE")
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        ledger.close()
