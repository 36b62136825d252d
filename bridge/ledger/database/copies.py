"""A copy of the SQLite ledger while it runs, and the way back; a server has tools of its own."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .engine import LedgerUnavailable, read_url

# A log or journal that stays behind would be replayed into the restored file.
_COMPANIONS = ("", "-wal", "-shm", "-journal")


def backup(url: str, target: Path, *, replace: bool = False) -> int:
    """Copy the running SQLite ledger to a file, which only its owner may read.

    Returns the copy's size in bytes. The file appears when it is whole and sound; `replace`: it may take the
    place of an older one. Its folder must be there: one that is not may be a disk that is not mounted.
    Raises LedgerUnavailable, for PostgreSQL with the command that does it.
    """
    source = sqlite_file(url, f"pg_basebackup -D {target}, with archive_mode on")
    if not source.is_file():
        raise LedgerUnavailable(f"There is no database {source}.")
    partial = target.with_name(f"{target.name}.partial")
    _keep_apart(source, target, partial)
    if not target.parent.is_dir():
        raise LedgerUnavailable(f"There is no folder {target.parent}: make it, or name another file.")
    if os.path.lexists(target) and not replace:
        raise LedgerUnavailable(f"{target} exists: add --replace, or name another file.")
    _copy(source, partial)
    partial.replace(target)
    return target.stat().st_size


def restore(url: str, source: Path) -> Path | None:
    """Put a copy in the place of the SQLite ledger, which nobody may have open.

    Returns where the former database lies now, None when there was none. Raises LedgerUnavailable.
    """
    target = sqlite_file(url, "the folder of pg_basebackup as data, with restore_command and recovery.signal")
    if not source.is_file():
        raise LedgerUnavailable(f"There is no file {source}.")
    partial = target.with_name(f"{target.name}.restoring")
    _keep_apart(target, source)
    _keep_apart(partial, source)
    fault = unsound(source)
    if fault:
        raise LedgerUnavailable(f"{source} is no sound copy of a ledger: {fault}")
    target.parent.mkdir(parents=True, exist_ok=True)
    _copy(source, partial)
    aside = target.with_name(f"{target.name}.replaced")
    existed = target.is_file()
    with _nobody_else(target, partial):
        for companion in _COMPANIONS:
            former = target.with_name(f"{target.name}{companion}")
            beside = target.with_name(f"{aside.name}{companion}")
            beside.unlink(missing_ok=True)
            if former.exists():
                former.replace(beside)
        partial.replace(target)
    return aside if existed else None


def integrity(url: str) -> str:
    """Ask SQLite whether the ledger's file is sound. Returns "" or what is wrong."""
    source = sqlite_file(url, "pg_amcheck --all")
    if not source.is_file():
        raise LedgerUnavailable(f"There is no database {source}.")
    return unsound(source)


def unsound(path: Path) -> str:
    """Return what SQLite finds wrong with a file, or "" when it is whole and holds a ledger."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
            if found != ["ok"]:
                return "; ".join(found)
            known = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'")
            return "" if known.fetchone()[0] else "it has no schema of the bridge."
    except sqlite3.Error as error:
        return f"{error}."


def sqlite_file(url: str, instead: str) -> Path:
    """Return the file behind a database URL. Raises LedgerUnavailable, with the server's command instead."""
    parsed = read_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise LedgerUnavailable(f"PostgreSQL has its own way, see Backup in config/README.md: {instead}")
    return Path(parsed.database or "").expanduser()


def _keep_apart(database: Path, *others: Path) -> None:
    """Refuse a copy that is the database itself or one of its logs, under whatever name."""
    real = database.resolve()
    own = [place.with_name(f"{place.name}{end}") for place in (database, real) for end in _COMPANIONS]
    for other in others:
        if any(other.resolve() == path.resolve() or _one_file(other, path) for path in own):
            raise LedgerUnavailable(f"{other} belongs to the database {database}: name another file.")


def _one_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(source, timeout=30)) as found, closing(sqlite3.connect(target)) as copy:
            found.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, whatever the source was
        fault = unsound(target)
        if fault:
            raise LedgerUnavailable(f"The copy of {source} is not sound: {fault}")
    except (sqlite3.Error, LedgerUnavailable) as error:
        target.unlink(missing_ok=True)
        raise LedgerUnavailable(str(error)) from None
    with target.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _nobody_else(path: Path, partial: Path) -> Iterator[None]:
    """Hold the database alone, or delete the partial file; what is no database any more is nobody's."""
    if not path.is_file():
        yield
        return
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            partial.unlink()
            raise LedgerUnavailable("The database is in use: stop the web and all workers first.") from None
        except sqlite3.DatabaseError:
            pass  # damaged beyond reading, which is why a copy is put back
        yield
