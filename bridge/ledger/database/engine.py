"""The database: one engine for SQLite and PostgreSQL, short transactions, retries that are safe.

SQLite is opened in WAL mode with synchronous FULL: an accepted send survives a power cut, and at send sizes
it costs nothing against NORMAL. Writers of one process queue at a lock, since SQLite's own waiting sleeps.
"""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bridge.clock import MINUTE_MS

from .bell import Bell
from .faults import LedgerUnavailable as LedgerUnavailable
from .faults import NoDatabase as NoDatabase
from .faults import WrongSchema as WrongSchema
from .files import file_at, keep_private, nothing_at, require_new, require_room, require_writable
from .reasons import reason_in, reason_of

log = structlog.get_logger("bridge.ledger")

T = TypeVar("T")

Fits = Callable[[str | None], None]
"""Raises WrongSchema unless a schema's revision, None for none, is the one that this version needs."""

GATHERED = "gathered"
"""Under this name a transaction keeps beside its connection what `Database.before_commit` will write."""

_BUSY_TIMEOUT_S = 30
_ATTEMPTS = 6
# PostgreSQL: serialization failure and deadlock. Nothing was committed, so the work may be done again.
_RETRIED_STATES = frozenset({"40001", "40P01"})
# PostgreSQL: the server became a standby. Its connections are dropped, so that the new primary is found.
_READ_ONLY_STATE = "25006"
# SQLite: what a connection met when it was opened it keeps, also when the file may be written to again or
# another one lies in its place.
_STALE_CODES = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR})
_CHECKPOINT_WAIT_MS = 500
# PostgreSQL: no rights, no such table, no such column. Nothing that the bridge could mend.
_NOT_OURS_STATES = frozenset({_READ_ONLY_STATE, "42501", "42P01", "42703"})
# A database host that vanished is noticed within a minute, not after the two hours of most systems.
_KEEPALIVE = {
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# A process stopped inside a transaction, or whose machine vanished, must not keep rows locked for long.
_IDLE_TRANSACTION_MS = MINUTE_MS


_HAS_SCHEMA_SQLITE = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
_HAS_SCHEMA_POSTGRES = "SELECT to_regclass('alembic_version') IS NOT NULL"
_WAKES = "wakes"
_FILE = "file"
"""Under this name a connection's record keeps which file it was opened in."""


def wake(connection: Connection) -> None:
    """Tell waiting workers that there is work, once the transaction is committed."""
    connection.info[_WAKES] = True


class Database:
    """Connections and transactions. Opened once per process, after the fork."""

    def __init__(
        self, url: str, *, pool_size: int = 16, creates: bool = False, fits: Fits | None = None
    ) -> None:
        """`creates`: where there is no SQLite file one is made; else that is LedgerUnavailable.

        `fits` is asked of each new connection's schema, and raises WrongSchema to have none made.
        """
        parsed = _parse(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self._lock = threading.Lock() if self.sqlite else None
        self.engine = (
            _sqlite_engine(parsed, pool_size, "FULL", creates)
            if self.sqlite
            else _postgres_engine(parsed, pool_size)
        )
        self.before_commit: list[Callable[[Connection], None]] = []
        """What every write transaction does last, with what it gathered beside its connection."""
        # Its commits may be lost in a power cut, never torn: for records that are worth less than a sync.
        self._relaxed = _sqlite_engine(parsed, 4, "NORMAL", creates) if self.sqlite else self.engine
        if fits is not None:
            for engine in {self.engine, self._relaxed}:
                event.listen(engine, "connect", partial(_require_schema, fits))
        self._bell = Bell(self._notify)

    def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Run `work` in one write transaction and return what it returned, once it is committed.

        Run again from the start after a deadlock, a busy database, or an id that another process drew too: it
        must have no other effects and draw its ids itself.
        `durable=False` risks the last milliseconds of commits in a power cut for speed.
        Raises LedgerUnavailable when the database is gone; then nothing is known to be stored.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._lock or nullcontext():
                    return self._commit(work, durable)
            except PoolTimeout as error:
                raise _no_connection() from error
            except DBAPIError as error:
                self._throw_away_stale(error)
                if attempt == _ATTEMPTS or not _worth_repeating(error):
                    raise _translated(error) from error
                log.warning("transaction repeated", attempt=attempt, error=type(error.orig).__name__)
                time.sleep(random.uniform(0, 0.02 * 2**attempt))
        raise AssertionError("unreachable")

    def _commit(self, work: Callable[[Connection], T], durable: bool) -> T:
        engine = self.engine if durable else self._relaxed
        with engine.begin() as connection:
            if not durable and not self.sqlite:
                connection.execute(text("SET LOCAL synchronous_commit = off"))
            for left in (GATHERED, _WAKES):  # by a transaction on this connection that was rolled back
                connection.info.pop(left, None)
            result = work(connection)
            for hook in self.before_commit:
                hook(connection)
            wakes = connection.info.pop(_WAKES, False)
        if wakes and not self.sqlite:
            self._bell.ring()
        return result

    def _notify(self) -> None:
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("NOTIFY sms_bridge")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for reading one consistent state. Raises LedgerUnavailable as `write`."""
        try:
            with self.engine.connect().execution_options(reads_only=True) as connection:
                yield connection
        except PoolTimeout as error:
            raise _no_connection() from error
        except DBAPIError as error:
            self._throw_away_stale(error)
            raise _translated(error) from error

    def require_room(self) -> None:
        """Raise LedgerUnavailable where the disk of a SQLite file is full; a server tells of its own."""
        if self.sqlite:
            require_room(Path(self.engine.url.database or "").expanduser())

    def checkpoint(self) -> bool:
        """Write SQLite's log into the file and empty it: what was deleted must not live on there.

        Returns False when readers or a writer were in the way, so that it is to be tried again. Raises
        LedgerUnavailable.
        """
        if not self.sqlite:
            return True
        try:
            with self._lock or nullcontext(), closing(self.engine.raw_connection()) as connection:
                cursor: Any = connection.cursor()
                cursor.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_WAIT_MS}")
                try:
                    busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                finally:
                    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_S * 1000}")
        except PoolTimeout as error:
            raise _no_connection() from error
        except sqlite3.OperationalError as error:
            raise LedgerUnavailable(reason_in(str(error))) from error
        return not busy

    def _throw_away_stale(self, error: DBAPIError) -> None:
        """Drop all connections after an error that they would keep, when the cause is long gone."""
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if getattr(error.orig, "sqlstate", None) == _READ_ONLY_STATE or code in _STALE_CODES:
            self.engine.dispose()
            self._relaxed.dispose()

    def listen(self, heard: Callable[[], None], stop: threading.Event) -> None:
        """Call `heard` whenever another process accepted work. Returns at once on SQLite, else at `stop`.

        Only a hint that saves waiting: after a lost connection the caller's own looking goes on.
        """
        while not self.sqlite and not stop.is_set():
            try:
                with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("LISTEN sms_bridge")
                    driver: Any = connection.connection.driver_connection
                    while not stop.is_set():
                        for _ in driver.notifies(timeout=1, stop_after=1):
                            heard()
            except Exception as error:  # noqa: BLE001 - the driver's own errors come unwrapped from here
                log.warning("LISTEN connection lost", error=type(error).__name__)
                stop.wait(5)

    def close(self) -> None:
        """Close all connections."""
        self._bell.close()
        self.engine.dispose()
        self._relaxed.dispose()


def read_url(url: str) -> URL:
    """Take a database's URL apart. Returns it; raises LedgerUnavailable, without what may hold a password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise LedgerUnavailable(
            "The database's address cannot be read: a port is a number, and @ : / ? # in a password are "
            "written %40 %3A %2F %3F %23."
        ) from None


def _parse(url: str) -> URL:
    parsed = read_url(url)
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise LedgerUnavailable(f"The database {backend} is not supported; use sqlite or postgresql+psycopg.")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if not parsed.database or parsed.database == ":memory:":
        raise LedgerUnavailable("The SQLite database must be a file: sqlite:///var/bridge.db")
    Path(parsed.database).expanduser().parent.mkdir(parents=True, exist_ok=True)
    return parsed


_PRAGMAS = (
    "journal_mode = WAL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "cache_size = -65536",
    "temp_store = MEMORY",
    "journal_size_limit = 67108864",
)


def _sqlite_engine(url: URL, pool_size: int, synchronous: str, creates: bool) -> Engine:
    engine = create_engine(
        url,
        **_pool(pool_size),
        connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False},
        hide_parameters=True,
    )
    _keep_file(engine, Path(url.database or "").expanduser(), creates)
    pragmas = (*_PRAGMAS, f"synchronous = {synchronous}")

    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that turns into a writer may fail at once; one that begins as a writer waits.
        reads_only = connection.get_execution_options().get("reads_only")
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine


def _keep_file(engine: Engine, path: Path, creates: bool) -> None:
    """Hold the connections of an engine to one private file that can be written."""

    @event.listens_for(engine, "do_connect")
    def prepare(*_: Any) -> None:
        if nothing_at(path):
            require_new(path, creates)
        keep_private(path)
        require_writable(path)

    @event.listens_for(engine, "checkout")
    def require_file(_: Any, record: Any, __: Any) -> None:
        # SQLite goes on in a file that was moved away, where nobody would look for what was accepted.
        if record.info[_FILE] != file_at(path):
            raise DisconnectionError("the database file was moved or replaced")

    @event.listens_for(engine, "connect")
    def remember(_: Any, record: Any) -> None:
        record.info[_FILE] = file_at(path)


def _postgres_engine(url: URL, pool_size: int) -> Engine:
    try:
        engine = create_engine(
            url,
            **_pool(pool_size),
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "application_name": "sms-bridge",
                "connect_timeout": 5,
                "client_encoding": "utf8",
                **_KEEPALIVE,
            },
        )
    except ImportError as error:
        raise LedgerUnavailable(
            "PostgreSQL needs the extra: pip install 'qa-sms-bridge[postgres]'"
        ) from error

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        _refuse_other_text(connection)
        # Not as an option of the connection itself: poolers like PgBouncer refuse those.
        connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_TRANSACTION_MS}")
        connection.commit()

    return engine


def _require_schema(fits: Fits, connection: Any, _: Any) -> None:
    """Raise WrongSchema for a new connection to a database that is not this version's: nothing of a process
    that started before its database may be written into another schema.
    """
    sqlite = isinstance(connection, sqlite3.Connection)
    known = _HAS_SCHEMA_SQLITE if sqlite else _HAS_SCHEMA_POSTGRES
    row = None
    if connection.execute(known).fetchone()[0]:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if not sqlite:
        connection.commit()
    fits(row and str(row[0]))


def _refuse_other_text(connection: Any) -> None:
    """Raise LedgerUnavailable for a database that cannot keep every text: it would refuse messages later."""
    encoding = connection.pgconn.parameter_status(b"server_encoding")
    if encoding not in (None, b"UTF8"):
        raise LedgerUnavailable(
            f"The database keeps text in {encoding.decode()}, which lacks characters of messages. "
            "Make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0."
        )


def _pool(most: int) -> dict[str, int]:
    """Return how many connections are kept, and how many more are made for a moment: never more than `most`,
    but two for one that asks for one.
    """
    kept = max(1, most // 2)
    return {"pool_size": kept, "max_overflow": max(1, most - kept)}


def _no_connection() -> LedgerUnavailable:
    return LedgerUnavailable("All connections to the database are in use. Raise pool_size.")


def _translated(error: DBAPIError) -> Exception:
    state = getattr(error.orig, "sqlstate", None)
    connecting = error.statement is None  # an option of the URL that the driver does not know
    gone = connecting or error.connection_invalidated or state in _NOT_OURS_STATES
    damaged = type(error) is DatabaseError  # SQLite: the file is none, or is corrupt
    if gone or damaged or isinstance(error, OperationalError | InterfaceError):
        return LedgerUnavailable(reason_of(error))
    return error


def _worth_repeating(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _RETRIED_STATES or isinstance(error, IntegrityError):
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)
