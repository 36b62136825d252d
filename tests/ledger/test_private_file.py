"""The SQLite file: its owner's alone, nothing deleted lives on in it, no connection outlives a fault."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bridge.ledger import LedgerUnavailable, open_ledger, upgrade
from bridge.ledger.database.engine import Database

from .making import CHANNEL, DAY, NOW, phones, recorded

ENDS = ("", "-wal", "-shm")
SECRET = "138" + "9" * 8


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "bridge.db"))


@pytest.mark.parametrize("before", [None, 0o644, 0o660, 0o600], ids=["new", "0644", "0660", "0600"])
def test_nobody_else_reads_the_file_or_its_companions(path: Path, before: int | None) -> None:
    """Whatever the umask and the mode it had."""
    former = os.umask(0o022)
    try:
        if before is None:
            path.unlink()
            upgrade(f"sqlite:///{path}")
        else:
            path.chmod(before)
        with closing(open_ledger(f"sqlite:///{path}")) as ledger:
            recorded(ledger, phones(1))
            modes = {end: stat.S_IMODE(Path(f"{path}{end}").stat().st_mode) for end in ENDS}
    finally:
        os.umask(former)
    assert modes == dict.fromkeys(ENDS, 0o600)


def test_what_was_deleted_is_nowhere_in_the_files(path: Path) -> None:
    """Neither in the file's free pages nor in the log."""
    with closing(open_ledger(f"sqlite:///{path}")) as ledger:
        batch = recorded(ledger, [SECRET])
        ledger.write(lambda c: c.execute(text("UPDATE message SET status = 30")))
        assert held(path, SECRET)
        assert ledger.retention.purge(NOW + DAY, channels=[CHANNEL]) == 1, batch
        assert ledger.retention.checkpoint()
        assert not held(path, SECRET)
        assert Path(f"{path}-wal").stat().st_size == 0


def held(path: Path, text_: str) -> bool:
    return any(text_.encode() in Path(f"{path}{end}").read_bytes() for end in ENDS)


def test_a_reader_puts_the_checkpoint_off(path: Path) -> None:
    """Whoever reads for long is not waited for, and the connection is as patient as before."""
    with closing(open_ledger(f"sqlite:///{path}")) as ledger:
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM send").fetchone()
            recorded(ledger, phones(1))
            assert not ledger.retention.checkpoint()
        assert ledger.retention.checkpoint()
        with ledger.database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def _write(database: Database) -> object:
    return database.write(_insert)


def _write_relaxed(database: Database) -> object:
    return database.write(_insert, durable=False)


def _insert(connection: Connection) -> object:
    return connection.execute(text("INSERT INTO bucket VALUES (hex(randomblob(8)), 0)"))


def _read(database: Database) -> object:
    with database.read() as connection:
        return connection.execute(text("SELECT count(*) FROM bucket")).scalar()


@pytest.mark.parametrize("use", [_write, _write_relaxed, _read], ids=["write", "relaxed write", "read"])
@pytest.mark.parametrize("fault", ["query_only", "moved", "not a database"])
def test_a_fault_that_is_over_is_forgotten(path: Path, use: Callable[[Database], object], fault: str) -> None:
    """Connections that were opened while it lasted are thrown away."""
    with closing(Database(f"sqlite:///{path}", pool_size=2)) as database:
        use(database)
        again = FAULTS[fault](path, database)
        for _ in range(3):
            _fails_or_not(use, database)
        again()
        for attempt in range(3):
            _fails_or_not(use, database) if attempt == 0 else use(database)


@pytest.mark.parametrize("end", ENDS)
def test_no_file_is_opened_for_reading_only(path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """A process would share it among all its connections, as long as any is open, and never write again."""
    with closing(Database(f"sqlite:///{path}", pool_size=2)) as database, database.read():
        may = os.access
        monkeypatch.setattr(os, "access", lambda file, mode: file != Path(f"{path}{end}") and may(file, mode))
        for use in (_read, _write, _write_relaxed):
            with pytest.raises(LedgerUnavailable, match=r"readonly database\. Give"):
                use(database)
        monkeypatch.undo()
        for use in (_read, _write_relaxed):
            use(database)


def test_nothing_is_written_to_a_file_that_was_moved_away(path: Path) -> None:
    """Nobody would find it there; when the file is back, or another lies there, no restart is needed."""
    aside = path.with_name("aside.db")
    with closing(open_ledger(f"sqlite:///{path}")) as ledger:
        for use in (_write, _write_relaxed, _read):
            use(ledger.database)
        before = _read(ledger.database)
        path.rename(aside)
        for use in (_write, _write_relaxed, _read):
            with pytest.raises(LedgerUnavailable):
                use(ledger.database)
        aside.rename(path)
        assert _read(ledger.database) == before
        assert _write(ledger.database)


def _fails_or_not(use: Callable[[Database], object], database: Database) -> None:
    """A fault shows in some uses only; it must show as what it is."""
    try:
        use(database)
    except LedgerUnavailable:
        return


def _read_only_connections(path: Path, database: Database) -> Callable[[], None]:
    """What a connection is like that was opened while the file had mode 0444; root would notice nothing."""
    for engine in (database.engine, database._relaxed):
        engine.dispose()
        held = [engine.raw_connection(), engine.raw_connection()]
        for connection in held:
            connection.cursor().execute("PRAGMA query_only = ON")
        for connection in held:
            connection.close()
    return lambda: None


def _moved(path: Path, database: Database) -> Callable[[], None]:
    """Another file lies in its place, as after a backup was copied over it by hand."""
    aside = path.with_name("aside.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(aside)) as copy:
        source.backup(copy)
    for end in ENDS:
        Path(f"{path}{end}").unlink(missing_ok=True)
    aside.replace(path)
    return lambda: None


def _no_database(path: Path, database: Database) -> Callable[[], None]:
    database.close()
    aside = path.with_name("aside.db")
    path.replace(aside)
    path.write_bytes(b"no database at all" * 100)

    def put_back() -> None:
        aside.replace(path)

    return put_back


FAULTS: dict[str, Callable[[Path, Database], Callable[[], None]]] = {
    "query_only": _read_only_connections,
    "moved": _moved,
    "not a database": _no_database,
}


def test_a_ledger_says_which_fault_it_is(path: Path) -> None:
    """A file that is no database is told as such by every use."""
    path.write_bytes(b"no database at all" * 100)
    with closing(open_ledger(f"sqlite:///{path}")) as ledger:
        for use in (ledger.check, ledger.try_out, lambda: ledger.coordination.resume(CHANNEL)):
            with pytest.raises(LedgerUnavailable, match=r"not a database\. Restore it"):
                use()
