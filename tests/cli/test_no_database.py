"""Commands where the database's file is not: they begin none, and leave what is beside it alone."""

import shutil
import sqlite3
import time
from contextlib import closing

import pytest
from sqlalchemy import text

from .conftest import Desk
from .test_commands import NUMBER, accept

# What would begin an empty database where none lies, were it not held back; only `db upgrade` and `serve` do.
LOOKING = [
    "db current",
    "db check",
    "db backup {folder}/copy.db",
    "check",
    "channels",
    "channels pause promo",
    "campaigns",
    "messages 13800138000",
    "templates list",
    "audit",
    "push list",
    "unknown list",
    "unknown settle",
    "forget --yes 13800138000",
]


@pytest.mark.parametrize("command", LOOKING)
def test_no_command_begins_a_database_where_one_was(bare: Desk, command: str) -> None:
    """Its file may only have been moved; an empty one would be taken for it."""
    result = bare.run(command.format(folder=bare.folder))
    assert result.exit_code in (1, 2)  # 1: `check` has found faults
    assert "There is no database" in result.output
    assert not list(bare.folder.glob("*.db*"))


@pytest.mark.parametrize("command", [*LOOKING, "db upgrade"])
def test_the_log_of_a_database_that_was_moved_is_left_alone(desk: Desk, command: str) -> None:
    """It holds what was accepted and is nowhere else; with the file put back all of it is there."""
    file, log, aside = (desk.folder / name for name in ("bridge.db", "bridge.db-wal", "aside.db"))
    accept(desk, int(time.time() * 1000), [NUMBER])
    file.rename(aside)
    before = log.read_bytes()
    result = desk.run(command.format(folder=desk.folder))
    assert (result.exit_code == 0, log.read_bytes() == before, file.exists()) == (False, True, False)
    assert f"database {file}" in result.output
    desk.ledger.close()
    shutil.copy(aside, file)
    log.write_bytes(before)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM send").fetchone() == (1,)


@pytest.mark.parametrize("command", ["channels", "db upgrade", "db current", "check"])
def test_a_database_of_a_newer_version_is_not_to_be_upgraded(desk: Desk, command: str) -> None:
    """After a step back of the program: no traceback, and no advice that cannot help."""
    desk.ledger.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    result = desk.run(command)
    assert result.exit_code == 2, result.output
    assert "schema 9999" in result.output and "a newer one upgraded it" in result.output
    assert "db upgrade" not in result.output
