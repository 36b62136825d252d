"""The database: one engine for SQLite and PostgreSQL, short transactions, retries that are safe.

SQLite is opened in WAL mode with synchronous FULL: an accepted send survives a power cut, and at batch sizes
it costs nothing against NORMAL. Writers of one process queue at a lock, since SQLite's own waiting sleeps.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = structlog.get_logger("bridge.ledger")

T = TypeVar("T")

_BUSY_TIMEOUT_S = 30
_ATTEMPTS = 6
# PostgreSQL: serialization failure and deadlock. Nothing was committed, so the work may be done again.
_RETRIED_STATES = frozenset({"40001", "40P01"})
# PostgreSQL: the server became a standby. Its connections are dropped, so that the new primary is found.
_READ_ONLY_STATE = "25006"
# A database host that vanished is noticed within a minute, not after the two hours of most systems.
_KEEPALIVE = {
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# A process stopped inside a transaction, or whose machine vanished, must not keep rows locked for long.
_IDLE_TRANSACTION_MS = 60_000


class LedgerUnavailable(Exception):
    """The database cannot be used: not reachable, wrong schema, or an unsupported kind."""


class Database:
    """Connections and transactions. Opened once per process, after the fork."""

    def __init__(self, url: str, *, pool_size: int = 16) -> None:
        parsed = _parse(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self._lock = threading.Lock() if self.sqlite else None
        self.engine = (
            _sqlite_engine(parsed, pool_size) if self.sqlite else _postgres_engine(parsed, pool_size)
        )
        # Its commits may be lost in a power cut, never torn: for records that are worth less than a sync.
        self._relaxed = _sqlite_engine(parsed, 4, "NORMAL") if self.sqlite else self.engine

    def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Run `work` in one write transaction and return what it returned, once it is committed.

        Run again from the start after a deadlock, a busy database, or an id that another process drew too: it
        must have no other effects and draw its ids itself.
        `durable=False` gives up the last milliseconds of commits in a power cut for speed.
        Raises LedgerUnavailable when the database is gone; then nothing is known to be stored.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._lock or nullcontext():
                    return self._commit(work, durable)
            except PoolTimeout as error:
                raise _no_connection() from error
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == _READ_ONLY_STATE:
                    self.engine.dispose()
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
            return work(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading one consistent state. Raises LedgerUnavailable as `write`."""
        try:
            with self.engine.connect().execution_options(reads_only=True) as connection:
                yield connection
        except PoolTimeout as error:
            raise _no_connection() from error
        except DBAPIError as error:
            raise _translated(error) from error

    def listen(self, heard: Callable[[], None], stop: threading.Event) -> None:
        """Call `heard` whenever another process accepted work; returns at once on SQLite, else at `stop`.

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
                log.warning("not listening", error=type(error).__name__)
                stop.wait(5)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._relaxed.dispose()


def _parse(url: str) -> URL:
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise LedgerUnavailable(f"The database {backend} is not supported; use sqlite or postgresql+psycopg.")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if not parsed.database or parsed.database == ":memory:":
        raise LedgerUnavailable("The SQLite database must be a file: sqlite:///var/bridge.db")
    Path(parsed.database).expanduser().parent.mkdir(parents=True, exist_ok=True)
    return parsed


def _sqlite_engine(url: URL, pool_size: int, synchronous: str = "FULL") -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in (
            "journal_mode = WAL",
            f"synchronous = {synchronous}",
            "foreign_keys = ON",
            "cache_size = -65536",
            "temp_store = MEMORY",
            "journal_size_limit = 67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that turns into a writer may fail at once; one that begins as a writer waits.
        reads_only = connection.get_execution_options().get("reads_only")
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: URL, pool_size: int) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": 5, "application_name": "sms-bridge", **_KEEPALIVE},
        )
    except ImportError as error:
        raise LedgerUnavailable(
            "PostgreSQL needs the extra: pip install 'qa-sms-bridge[postgres]'"
        ) from error

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        # Not as an option of the connection itself: poolers like PgBouncer refuse those.
        connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_TRANSACTION_MS}")
        connection.commit()

    return engine


def _no_connection() -> LedgerUnavailable:
    return LedgerUnavailable("All connections to the database are in use.")


def _translated(error: DBAPIError) -> Exception:
    gone = error.connection_invalidated or getattr(error.orig, "sqlstate", None) == _READ_ONLY_STATE
    if gone or isinstance(error, OperationalError | InterfaceError):
        return LedgerUnavailable(f"The database does not answer ({type(error.orig).__name__}).")
    return error


def _worth_repeating(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _RETRIED_STATES or isinstance(error, IntegrityError):
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)
