"""A database that an earlier version filled is upgraded, and the work that waited in it goes on.

`older/` holds rows as the versions with schema 0001 and 0002 wrote them; each later table gets a row of its
own at its first revision. The ids and moments in them are those of `making.NOW`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Engine, MetaData, Table, create_engine, select, text

from bridge.ledger import (
    Busy,
    Differs,
    Ended,
    Ledger,
    LedgerUnavailable,
    Stored,
    newest_revision,
    open_ledger,
    upgrade,
)
from bridge.ledger.database import migrations
from bridge.ledger.scope import Holder
from bridge.plugin import DeliveryReceipt, MessageStatus

from ..databases import KINDS, postgres_database, url_of
from .making import CHANNEL, NOW, claim, phones, pushed, statuses

OLDER = Path(__file__).parent / "older"
SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parent))
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


def _upgrade(url: str, revision: str) -> None:
    """Upgrade a database of an earlier revision, which is refused before."""
    _at_revision(url, revision)
    ledger = open_ledger(url)
    with pytest.raises(LedgerUnavailable, match="sms-bridge db upgrade"):
        ledger.check()
    for _ in range(2):
        upgrade(url)
        ledger.check()
    ledger.close()


def _at_revision(url: str, revision: str) -> None:
    """Make the schema of a revision, and fill it as the version of that time did."""
    engine = create_engine(url)
    written = [one for one in REVISIONS if one <= revision and (OLDER / f"{one}.json").exists()]
    for one in written:
        _migrate(engine, one)
        _fill(engine, json.loads((OLDER / f"{one}.json").read_text(encoding="utf-8")))
    _migrate(engine, revision)
    engine.dispose()


def _migrate(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS.dir)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _fill(engine: Engine, tables: Mapping[str, list[dict[str, Any]]]) -> None:
    with engine.begin() as connection:
        for table, rows in tables.items():
            names = ", ".join(f'"{name}"' for name in rows[0])
            values = ", ".join(f":{name}" for name in rows[0])
            connection.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({values})'), [*map(_row, rows)])


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    binary = {
        name: bytes.fromhex(value.removeprefix("hex:"))
        for name, value in row.items()
        if isinstance(value, str) and value.startswith("hex:")
    }
    return {**row, **binary}


def test_the_newest_revision_is_the_last_file() -> None:
    """What every process asks without Alembic is what Alembic would say."""
    assert newest_revision() == SCRIPTS.get_current_head() == REVISIONS[-1]


def every_row_is_kept(upgraded: Ledger) -> None:
    """Under the names that the tables have now."""
    expected = {
        "send": 5,
        "batch": 4,
        "message": 5,
        "answer": 5,
        "file": 1,
        "parked": 1,
        "push": 2,
        "reply": 1,
        "signature": 2,
    }
    with upgraded.database.read() as connection:
        kept = {
            table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar() for table in expected
        }
    assert kept == expected
    assert upgraded.templates.get(CHANNEL, "T1") is not None
    assert upgraded.suppressions.among(CHANNEL, "Acme", ["8613899999999"]) == {"8613899999999"}


def what_was_there_is_counted(upgraded: Ledger) -> None:
    """The tally of an upgraded database equals a count."""
    assert upgraded.tallies.differences() == []
    with upgraded.database.read() as connection:
        tally = connection.execute(text("SELECT status, code, count, ms FROM tally ORDER BY 1, 2")).all()
    assert [tuple(one) for one in tally] == [
        (10, "", 2, 0),
        (20, "", 1, 0),
        (30, "DELIVRD", 1, 1000),
        (31, "MK:0001", 1, 0),
    ]


def what_waited_is_sent(upgraded: Ledger) -> None:
    """Only what was never called: of the calls in flight and the unknown outcomes nothing goes again."""
    (batch,) = claim(upgraded, lease_ms=3_600_000)
    assert (upgraded.info(batch).out_id, list(batch.recipients.phones)) == ("ready", phones(4, 30))
    assert batch.recipients.params[0] == {"name": f"n{phones(1, 30)[0]}"}
    lapsed = upgraded.batches.claim_lapsed([CHANNEL], Holder("me", 1000), limit=9, now=NOW + 600_000)
    assert [upgraded.info(one).out_id for one in lapsed] == ["calling"]
    unknown = upgraded.batches.claim_unknown(CHANNEL, Holder("me", 1000), limit=9, now=NOW + 600_000)
    assert [upgraded.info(one).out_id for one in unknown] == ["unknown"]
    assert upgraded.files.claim(CHANNEL, Holder("me", 1000), now=NOW) is not None


def what_waited_is_pushed(upgraded: Ledger) -> None:
    """Entries were lists once and are objects with names now; Quick Audience gets both."""
    late = DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="v2", segment=1, segments=1, code="DELIVRD")
    assert len(upgraded.receipts.apply(CHANNEL, [late], pushes=True, now=NOW + 2000).ends) == 1
    entries = [one for call in pushed(upgraded, NOW + 9000) for one in call]
    assert sorted(one for one in entries if isinstance(one, Ended)) == [
        (phones(3)[0], 30, NOW, NOW + 1000, "DELIVRD", ""),
        (phones(3)[1], 31, NOW, NOW + 1000, "MK:0001", "No such number."),
        (phones(3)[2], 30, NOW, NOW + 2000, "DELIVRD", ""),
    ]
    assert [tuple(one) for one in entries if not isinstance(one, Ended)] == [
        (phones(1)[0], NOW + 2000, "hello")
    ]
    assert statuses(upgraded, "done") == dict.fromkeys(phones(3), "DELIVERED") | {
        phones(3)[1]: "UNDELIVERABLE"
    }


def what_was_signed_is_still_used_up(upgraded: Ledger) -> None:
    """Once a signature counted in each channel; of one that two channels saw, one use is kept."""
    signatures = upgraded.signatures
    assert signatures.claim("s1", b"f1", NOW) == Stored(200, b"{}", "application/json")
    assert signatures.claim("s1", b"f2", NOW) == Differs()
    assert signatures.claim("s2", b"f3", NOW) == Busy()


STEPS = (
    every_row_is_kept,
    what_was_there_is_counted,
    what_waited_is_sent,
    what_waited_is_pushed,
    what_was_signed_is_still_used_up,
)


@pytest.fixture(params=KINDS)
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a database without any schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    for name in postgres_database(request.getfixturevalue("postgres")):
        yield url_of(name)


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_the_work_that_waited_goes_on(bare_url: str, revision: str) -> None:
    """All steps on one database: to make one of PostgreSQL and to drop it costs more than the steps."""
    _upgrade(bare_url, revision)
    ledger = open_ledger(bare_url)
    for step in STEPS:
        step(ledger)
    ledger.close()


def test_rows_of_a_table_go_along_from_its_first_revision(bare_url: str) -> None:
    """Each table has a row as soon as it is there, and under the newest schema every value of it."""
    _at_revision(bare_url, "0002")
    engine = create_engine(bare_url)
    begun: dict[str, dict[str, object]] = {}
    for revision in REVISIONS[REVISIONS.index("0003") :]:
        _migrate(engine, revision)
        begun |= _begin_empty_tables(engine)
    assert begun.keys() >= {"account", "filing", "attempt", "route_weight", "drift"}
    assert _empty_tables(engine) == []
    assert {name: _rows(engine, name, row) for name, row in begun.items()} == {
        name: [row] for name, row in begun.items()
    }
    engine.dispose()
    ledger = open_ledger(bare_url)
    ledger.check()
    ledger.close()


def _empty_tables(engine: Engine) -> list[Table]:
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        return [
            table
            for table in metadata.sorted_tables
            if connection.execute(select(table).limit(1)).first() is None
        ]


def _begin_empty_tables(engine: Engine) -> dict[str, dict[str, object]]:
    """Insert a row into every table without one, no two numbers of it alike. Returns them by table."""
    rows = {
        table: {column.name: _value(column, at) for at, column in enumerate(table.columns, 1)}
        for table in _empty_tables(engine)
    }
    with engine.begin() as connection:
        for table, row in rows.items():
            connection.execute(table.insert().values(**row))
    return {table.name: row for table, row in rows.items()}


def _rows(engine: Engine, table: str, row: Mapping[str, object]) -> list[dict[str, object]]:
    """Return what a table holds under the names that a row had when it was written."""
    names = ", ".join(f'"{name}"' for name in row)
    with engine.connect() as connection:
        return [dict(one._mapping) for one in connection.execute(text(f'SELECT {names} FROM "{table}"'))]


def _value(column: Column[Any], at: int) -> object:
    kind = column.type.python_type
    return {str: "{}", bytes: bytes([at]), int: at, float: at / 2}[kind]
