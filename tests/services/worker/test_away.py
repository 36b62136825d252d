"""PostgreSQL that is full, restarts, becomes a standby, or is held by a process that stands still."""

import pytest
from sqlalchemy import text

from bridge.ledger import Ledger, LedgerUnavailable, open_ledger
from bridge.ledger.database import engine

from ..world import NAME, World

PHONES = [f"138{index:08d}" for index in range(3)]


@pytest.fixture(autouse=True)
def _postgres_only(ledger: Ledger) -> None:
    if ledger.database.sqlite:
        pytest.skip("SQLite has no server that could fail by itself.")


# What the server does when messages are written, the first time or each time -> what the one who writes sees.
FAULTS: dict[str, tuple[str, bool, bool]] = {
    "the disk is full": ("RAISE EXCEPTION USING ERRCODE = '53100';", False, True),
    "it became a standby": ("RAISE EXCEPTION USING ERRCODE = '25006';", False, True),
    "it shuts down": ("RAISE EXCEPTION USING ERRCODE = '57P01';", False, True),
    "a deadlock": ("RAISE EXCEPTION USING ERRCODE = '40P01';", True, False),
}


@pytest.mark.parametrize(("does", "once", "seen"), FAULTS.values(), ids=FAULTS)
def test_answers_outlive_a_server_that_fails_while_they_are_written(
    world: World, does: str, once: bool, seen: bool
) -> None:
    """They are kept and written as they were, not as unknown; nothing is sent again."""
    condition = "nextval('faults') = 1" if once else "true"
    body = f"BEGIN IF {condition} THEN {does} END IF; RETURN NEW; END"
    run(
        world.ledger,
        "CREATE SEQUENCE faults",
        f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        "CREATE TRIGGER fault BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION fault()",
    )
    world.vendor.size = 1
    world.send(PHONES)
    for _ in range(3):
        if seen:
            with pytest.raises(LedgerUnavailable):
                world.hand_over()
    run(world.ledger, "DROP TRIGGER fault ON message")
    world.hand_over()
    assert sorted(world.sent()) == PHONES
    assert world.ledger.gauges() == {}


def run(ledger: Ledger, *statements: str) -> None:
    for statement in statements:
        ledger.write(lambda c, statement=statement: c.execute(text(statement)))  # type: ignore[misc]


def test_connections_to_a_server_that_became_a_standby_are_dropped(world: World) -> None:
    """The next ones may lead to the new primary."""
    run(world.ledger, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(LedgerUnavailable):
        world.ledger.coordination.resume(NAME)
    world.ledger.coordination.resume(NAME)


def test_a_process_that_stands_still_in_a_transaction_does_not_hold_the_others_up(
    ledger: Ledger, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends its session after a while; what it had not committed is undone."""
    monkeypatch.setattr(engine, "_IDLE_TRANSACTION_MS", 100)
    stopped = open_ledger(database_url)
    try:
        with pytest.raises(LedgerUnavailable):
            stopped.write(lambda held: (take(stopped, held), ledger.write(lambda c: take(ledger, c))))
    finally:
        stopped.close()
    assert ledger.write(lambda c: take(ledger, c)) == 1_000_000


def take(ledger: Ledger, connection: object) -> int:
    """Take a second's worth from a bucket that all processes share; waits for its row ten seconds at most."""
    connection.execute(text("SET LOCAL lock_timeout = '10s'"))  # type: ignore[attr-defined]
    return ledger.coordination.take(connection, "b", 1, per_second=1, burst=0, now_us=0)  # type: ignore[arg-type]
