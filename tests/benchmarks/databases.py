"""Databases for measuring: the bridge's own schema, and the bare driver beside it as the limit."""

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from bridge.ledger import MessageRow, upgrade
from tests.databases import SERVER, postgres_database

_COLUMNS = ", ".join(MessageRow._fields)
_BLOB_TABLES = {
    "sqlite": "CREATE TABLE IF NOT EXISTS raw_blob (id INTEGER PRIMARY KEY, blob BLOB)",
    "postgresql": "CREATE TABLE IF NOT EXISTS raw_blob (id bigserial PRIMARY KEY, blob bytea)",
}


class RawSqlite:
    """sqlite3 as the ledger opens it: WAL, synchronous FULL. Each method commits once."""

    def __init__(self, url: str) -> None:
        self._db = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -65536"):
            self._db.execute(f"PRAGMA {pragma}")

    def prepare(self) -> None:
        """Make the table for blobs."""
        self._db.execute(_BLOB_TABLES["sqlite"])

    def execute(self, *statements: str) -> None:
        """Run some statements, such as creating an index."""
        for statement in statements:
            self._db.execute(statement)

    def insert_blobs(self, blobs: Sequence[bytes]) -> None:
        """A row for each blob."""
        self._many("INSERT INTO raw_blob (blob) VALUES (?)", [(blob,) for blob in blobs])

    def insert_recipients(self, rows: Iterable[tuple[int, int, str, str]]) -> None:
        """A row for each recipient of a send, which the bridge does not write."""
        self._many("INSERT INTO raw_recipient VALUES (?, ?, ?, ?)", rows)

    def insert_messages(self, rows: Iterable[MessageRow]) -> None:
        """A row for each message, the fastest way the driver has."""
        marks = ", ".join("?" * len(MessageRow._fields))
        self._many(f"INSERT INTO message ({_COLUMNS}) VALUES ({marks})", rows)

    def update_messages(self, ends: Sequence[tuple[str, int, int, int]]) -> None:
        """Set code and end of messages: (code, ended, batch id, place)."""
        self._many("UPDATE message SET code = ?, ended_at = ? WHERE batch_id = ? AND seq = ?", ends)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _many(self, statement: str, rows: Iterable[Any]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(statement, rows)
        self._db.execute("COMMIT")


class RawPostgres:
    """psycopg: COPY for rows, executemany (pipelined) for updates. Each method commits once."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False))

    def prepare(self) -> None:
        """Make the table for blobs."""
        self.execute(_BLOB_TABLES["postgresql"])

    def execute(self, *statements: str) -> None:
        """Run some statements, such as creating an index."""
        for statement in statements:
            self._db.execute(statement.encode())
        self._db.commit()

    def insert_blobs(self, blobs: Sequence[bytes]) -> None:
        """A row for each blob."""
        with self._db.cursor() as cursor:
            cursor.executemany("INSERT INTO raw_blob (blob) VALUES (%s)", [(blob,) for blob in blobs])
        self._db.commit()

    def insert_recipients(self, rows: Iterable[tuple[int, int, str, str]]) -> None:
        """A row for each recipient of a send, which the bridge does not write."""
        self._copy("COPY raw_recipient FROM STDIN", rows)

    def insert_messages(self, rows: Iterable[MessageRow]) -> None:
        """A row for each message, the fastest way the driver has."""
        self._copy(f"COPY message ({_COLUMNS}) FROM STDIN", rows)

    def insert_messages_one_by_one(self, rows: Iterable[MessageRow]) -> None:
        """The same rows by executemany, to show what COPY saves."""
        marks = ", ".join(["%s"] * len(MessageRow._fields))
        with self._db.cursor() as cursor:
            cursor.executemany(f"INSERT INTO message ({_COLUMNS}) VALUES ({marks})".encode(), rows)
        self._db.commit()

    def _copy(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._db.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row(row)
        self._db.commit()

    def update_messages(self, ends: Sequence[tuple[str, int, int, int]]) -> None:
        """Set code and end of messages: (code, ended, batch id, place)."""
        with self._db.cursor() as cursor:
            cursor.executemany(
                "UPDATE message SET code = %s, ended_at = %s WHERE batch_id = %s AND seq = %s", ends
            )
        self._db.commit()

    def server_pid(self) -> int:
        """Return the server's first process, parent of the one behind this connection."""
        stat = Path(f"/proc/{self._db.info.backend_pid}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[1])

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


@contextmanager
def fresh_database(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database with the bridge's schema, gone afterwards."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / secrets.token_hex(4)}.db"
        upgrade(url)
        yield url
        return
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        for name in postgres_database(server, migrated=True):
            yield SERVER.set(database=name).render_as_string(hide_password=False)
    finally:
        server.dispose()


def open_raw(url: str) -> RawSqlite | RawPostgres:
    """Return the bare driver on a database."""
    return RawSqlite(url) if url.startswith("sqlite") else RawPostgres(url)


def server_pids(url: str) -> dict[str, int]:
    """The database server's process, for a Meter; empty for SQLite, and for a server on another machine."""
    if url.startswith("sqlite"):
        return {}
    raw = RawPostgres(url)
    try:
        return {"postgres": raw.server_pid()}
    except FileNotFoundError:
        return {}
    finally:
        raw.close()
