"""A copy of the SQLite ledger, taken while it is written to, and put back over one that was killed."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bridge.ledger import LedgerUnavailable, backup, integrity, open_ledger, restore, upgrade
from tests.cli.conftest import Desk, bare, desk  # noqa: F401 - fixtures

KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA wal_autocheckpoint = 0")
connection.execute("CREATE TABLE later (x)")
connection.executemany("INSERT INTO later VALUES (?)", [("y" * 3000,)] * 2000)
connection.commit()
os._exit(9)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.db"
    upgrade(f"sqlite:///{path}")
    return path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def killed_later(database: Path) -> None:
    """A process writes and is killed: its log lies beside the database."""
    subprocess.run([sys.executable, "-c", KILLED, str(database)], check=False)
    assert database.with_name("bridge.db-wal").stat().st_size > 1_000_000


def test_a_copy_is_made_while_others_write(database: Path, tmp_path: Path) -> None:
    """It is whole, its owner's alone, one file, and a ledger."""
    stop, copy = threading.Event(), tmp_path / "copies" / "monday.db"
    copy.parent.mkdir()

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            connection.execute("CREATE TABLE busy (x)")
            while not stop.is_set():
                connection.execute("INSERT INTO busy VALUES (?)", ("z" * 1000,))
                connection.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        sizes = [backup(url(database), copy, replace=True) for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert sizes[-1] == copy.stat().st_size
    assert copy.stat().st_mode & 0o777 == 0o600
    assert os.listdir(copy.parent) == ["monday.db"]  # noqa: PTH208 - names
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    open_ledger(url(copy)).close()


def test_a_copy_is_put_back_over_a_killed_database(database: Path, tmp_path: Path) -> None:
    """The log of the killed process is not replayed into it, and the former database is kept whole."""
    copy = tmp_path / "copy.db"
    backup(url(database), copy)
    killed_later(database)
    former = restore(url(database), copy)
    assert former is not None
    assert integrity(url(database)) == ""
    with pytest.raises(sqlite3.OperationalError, match="no such table: later"):
        count(database, "later")
    assert count(former, "later") == 2000


def test_it_is_put_back_where_nothing_is_left(database: Path, tmp_path: Path) -> None:
    """A new machine has the copy and no database."""
    copy = tmp_path / "copy.db"
    backup(url(database), copy)
    assert restore(url(tmp_path / "new" / "bridge.db"), copy) is None
    assert integrity(url(tmp_path / "new" / "bridge.db")) == ""


def test_it_is_put_back_over_a_torn_file(database: Path, tmp_path: Path) -> None:
    """What cannot be read can be in nobody's use."""
    copy = tmp_path / "copy.db"
    backup(url(database), copy)
    database.write_bytes(b"torn" * 4096)
    assert integrity(url(database)) == "file is not a database."
    restore(url(database), copy)
    assert integrity(url(database)) == ""


def test_nothing_is_put_over_a_database_in_use(database: Path, tmp_path: Path) -> None:
    """A web or worker that runs would write into a file that is gone."""
    copy = tmp_path / "copy.db"
    backup(url(database), copy)
    with closing(sqlite3.connect(database)) as other:
        other.execute("SELECT count(*) FROM alembic_version").fetchone()
        with pytest.raises(LedgerUnavailable, match="in use: stop"):
            restore(url(database), copy)
    assert not [path.name for path in tmp_path.iterdir() if path.suffix in (".replaced", ".restoring")]
    restore(url(database), copy)


def linked(copy: Path, database: Path, how: str) -> Path:
    """Return a name for the database, or for what lies beside it."""
    if how == "symbolic":
        copy.symlink_to(database)
    elif how == "hard":
        copy.hardlink_to(database)
    elif how == "folder":
        copy.symlink_to(database.parent, target_is_directory=True)
        return copy / database.name
    else:
        return database.with_name(f"{database.name}{how}")
    return copy


@pytest.mark.parametrize("name", ["", "-wal", "-shm", "-journal", "symbolic", "hard", "folder"])
@pytest.mark.parametrize("verb", [backup, restore])
def test_the_database_is_no_copy_of_itself(
    database: Path, tmp_path: Path, verb: Callable[[str, Path], object], name: str
) -> None:
    """Whatever name it goes by, it stays as it is, for those who run on it too."""
    with closing(sqlite3.connect(database)) as running:
        running.execute("CREATE TABLE later (x)")
        itself = linked(tmp_path / "copy", database, name)
        if name == "-journal":
            itself.write_bytes(b"")
        before = sorted((path.name, path.stat().st_ino) for path in tmp_path.iterdir())
        with pytest.raises(LedgerUnavailable, match="belongs to the database"):
            verb(url(database), itself)
        assert sorted((path.name, path.stat().st_ino) for path in tmp_path.iterdir()) == before
        running.execute("INSERT INTO later VALUES (1)")
        running.commit()
    assert (integrity(url(database)), count(database, "later")) == ("", 1)


@pytest.mark.parametrize(
    ("verb", "ledger", "copy"), [(backup, "a.partial", "a"), (restore, "a", "a.restoring")]
)
def test_a_file_in_the_making_is_no_copy_either(
    tmp_path: Path, verb: Callable[[str, Path], object], ledger: str, copy: str
) -> None:
    """What a copy is called while it is made would be deleted first."""
    upgrade(url(tmp_path / ledger))
    if verb is restore:
        backup(url(tmp_path / ledger), tmp_path / copy)
    with pytest.raises(LedgerUnavailable, match="belongs to the database"):
        verb(url(tmp_path / ledger), tmp_path / copy)
    assert integrity(url(tmp_path / ledger)) == ""


def test_what_was_replaced_is_put_back(database: Path, tmp_path: Path) -> None:
    """The way back from a restore of the wrong copy."""
    backup(url(database), tmp_path / "copy.db")
    killed_later(database)
    former = restore(url(database), tmp_path / "copy.db")
    assert former is not None
    restore(url(database), former)
    assert (integrity(url(database)), count(database, "later")) == ("", 2000)


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"", "no schema of the bridge"), (b"PK\3\4" * 2000, "not a database"), (None, "There is no file")],
)
def test_what_is_no_copy_is_not_put_back(
    database: Path, tmp_path: Path, content: bytes | None, fault: str
) -> None:
    """The database stays as it is."""
    copy = tmp_path / "copy.db"
    if content is not None:
        copy.write_bytes(content)
    before = database.read_bytes()
    with pytest.raises(LedgerUnavailable, match=fault):
        restore(url(database), copy)
    assert database.read_bytes() == before


def test_a_damaged_page_is_found(database: Path, tmp_path: Path) -> None:
    """In the database and in a copy of it, which is not kept."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(database.read_bytes())
    content[4096 * 3 : 4096 * 3 + 64] = b"\xff" * 64
    database.write_bytes(content)
    assert integrity(url(database)) != ""
    with pytest.raises(LedgerUnavailable, match=r"not sound|malformed"):
        backup(url(database), tmp_path / "copy.db")
    assert [path.name for path in tmp_path.glob("copy*")] == []


@pytest.mark.parametrize("command", ["backup x.db", "restore x.db"])
def test_postgresql_is_told_its_own_command(command: str, desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    """One sentence, no traceback."""
    desk.config.write_text(desk.config.read_text().replace(desk.database, "postgresql://a@127.0.0.1:1/b"))
    result = desk.run(f"db {command}")
    assert result.exit_code == 2
    assert "pg_" in result.output


def test_the_commands(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    """They say what became of it."""
    made = desk.run(f"db backup {tmp_path}/c.db")
    assert (made.exit_code, "holds a sound copy" in made.output) == (0, True)
    assert desk.run("db check").output == (
        "The database file is sound.\nThe totals equal a count of all messages.\n"
    )
    desk.ledger.check()
    refused = desk.run(f"db restore {tmp_path}/c.db")
    assert (refused.exit_code, "in use" in refused.output) == (2, True)
    desk.ledger.close()
    done = desk.run(f"db restore {tmp_path}/c.db")
    assert (done.exit_code, "bridge.db.replaced" in done.output) == (0, True)
    (tmp_path / "bridge.db").write_bytes(b"torn" * 2000)
    assert desk.run("db check").exit_code == 1


def test_an_older_copy_is_replaced_only_when_that_is_meant(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    """And no folder is made: one that is missing may be a disk that is not mounted."""
    copy, missing = tmp_path / "copy.db", tmp_path / "not-mounted" / "copy.db"
    copy.write_text("something else")
    told = desk.run(f"db backup {copy}")
    assert (told.exit_code, told.output) == (
        2,
        f"Error: {copy} exists: add --replace, or name another file.\n",
    )
    assert copy.read_text() == "something else"
    told = desk.run(f"db backup {missing} --replace")
    assert told.exit_code == 2 and f"There is no folder {missing.parent}: make it" in told.output
    assert not missing.parent.exists()
    assert desk.run(f"db backup {copy} --replace").exit_code == 0
    assert integrity(url(copy)) == ""
