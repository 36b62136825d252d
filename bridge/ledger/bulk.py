"""The statements that carry millions of rows, written for each database.

PostgreSQL loads rows with COPY (a tenth of the CPU of executemany) and takes arrays. SQLite takes many rows
in one INSERT, or one JSON text that it walks with json_each; executemany would give up the interpreter lock
for each row, and wait for it behind every busy thread. Everything else in the ledger is plain SQLAlchemy.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import DBAPIError


class MessageRow(NamedTuple):
    """A row of the message table, in its columns' order."""

    chunk_id: int
    seq: int
    phone: str
    phone_key: int
    status: int
    vendor_id: str
    code: str
    reason: str
    segments: int
    sent: int
    ended: int | None

    def __repr__(self) -> str:
        return f"MessageRow({self.chunk_id}, {self.seq}, status={self.status})"


class Climb(NamedTuple):
    """A status that a message may climb to. An empty vendor_id keeps the stored one."""

    chunk_id: int
    seq: int
    status: int
    vendor_id: str
    code: str
    reason: str
    at: int


_YEAR_MS = 366 * 86_400_000
_COLUMNS = ", ".join(MessageRow._fields)
_MARKS = f"({', '.join('?' * len(MessageRow._fields))})"
_SQLITE_INSERT = f"INSERT INTO message ({_COLUMNS}) VALUES "  # noqa: S608
_SQLITE_ROWS = 500  # far below SQLite's limit of 32766 values in a statement
_COPY = f"COPY message ({_COLUMNS}) FROM STDIN"

# The climb itself: a final status (30 and above) stays, and only a higher one replaces an open one.
_SET = """
    status = j.status,
    vendor_id = CASE WHEN j.vendor_id = '' THEN message.vendor_id ELSE j.vendor_id END,
    code = j.code, reason = j.reason,
    ended = CASE WHEN j.status >= 30 THEN j.at ELSE message.ended END
"""
_WHERE = """
    message.chunk_id = j.chunk_id AND message.seq = j.seq
    AND message.status < 30 AND j.status > message.status
"""
_RETURNING = """
    message.chunk_id, message.seq, message.phone, message.status, message.code, message.reason,
    message.sent, message.ended
"""
_FIELDS = {
    "chunk_id": "bigint",
    "seq": "int",
    "status": "smallint",
    "vendor_id": "text",
    "code": "text",
    "reason": "text",
    "at": "bigint",
}
_FROM_JSON = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(_FIELDS))
_FROM_ARRAYS = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _FIELDS.items())
_SQLITE_CLIMB = text(f"""
    UPDATE message SET {_SET} FROM (SELECT {_FROM_JSON} FROM json_each(:rows)) AS j
    WHERE {_WHERE} RETURNING {_RETURNING}
""")  # noqa: S608
_POSTGRES_CLIMB = text(f"""
    UPDATE message SET {_SET} FROM unnest({_FROM_ARRAYS}) AS j ({", ".join(_FIELDS)})
    WHERE {_WHERE} RETURNING {_RETURNING}
""")  # noqa: S608
_SQLITE_FIND = text("""
    SELECT m.chunk_id, m.seq, m.phone, m.segments, m.status
    FROM json_each(:places) AS j CROSS JOIN message AS m
    WHERE m.chunk_id = json_extract(j.value, '$[0]') AND m.seq = json_extract(j.value, '$[1]')
""")
_POSTGRES_FIND = text("""
    SELECT m.chunk_id, m.seq, m.phone, m.segments, m.status
    FROM unnest(CAST(:chunk_ids AS bigint[]), CAST(:seqs AS int[])) AS j (chunk_id, seq)
    JOIN message AS m ON m.chunk_id = j.chunk_id AND m.seq = j.seq
""")


def clean(text: str, longest: int = 500) -> str:
    """A stranger's text fit for the database: no NUL, no half characters, not too long."""
    if not text:
        return text
    if text.isascii() and "\0" not in text:
        return text[:longest]
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:longest]


def believable(at: datetime | None, now: int) -> datetime | None:
    """A stranger's moment, or None for one that is more than a year away from `now` (milliseconds)."""
    if at is None or abs(at.timestamp() * 1000 - now) > _YEAR_MS:
        return None
    return at


def insert_messages(connection: Connection, rows: Sequence[MessageRow]) -> None:
    """Insert message rows; none of them may exist."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        for start in range(0, len(rows), _SQLITE_ROWS):
            part = rows[start : start + _SQLITE_ROWS]
            statement = _SQLITE_INSERT + ", ".join([_MARKS] * len(part))
            connection.exec_driver_sql(statement, tuple(chain.from_iterable(part)))
        return
    driver: Any = connection.connection.driver_connection
    lines = "".join(map(_copy_line, rows)).encode("utf-8", "replace")
    faults = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(lines)
    except faults as error:
        # As SQLAlchemy would: who writes must be able to tell a database that is away or full from a bad row.
        raise DBAPIError.instance(
            _COPY,
            None,
            error,
            faults,
            hide_parameters=True,
            connection_invalidated=driver.closed,
            dialect=connection.dialect,
        ) from error


def _copy_line(row: MessageRow) -> str:
    chunk_id, seq, phone, key, status, vendor_id, code, reason, segments, sent, ended = row
    return (
        f"{chunk_id}\t{seq}\t{_escape(phone)}\t{key}\t{status}\t{_escape(vendor_id)}\t{_escape(code)}\t"
        f"{_escape(reason)}\t{segments}\t{sent}\t{chr(92) + 'N' if ended is None else ended}\n"
    )


def _escape(value: str) -> str:
    if value.isalnum() or not value:
        return value
    value = value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return value.replace("\0", "")


def find_messages(connection: Connection, places: Collection[tuple[int, int]]) -> Sequence[Row[Any]]:
    """Chunk id, place, phone, segments and status of those messages that exist."""
    if not places:
        return []
    if connection.dialect.name == "sqlite":
        return connection.execute(_SQLITE_FIND, {"places": json.dumps(list(places))}).all()
    chunk_ids, seqs = map(list, zip(*places, strict=True))
    return connection.execute(_POSTGRES_FIND, {"chunk_ids": chunk_ids, "seqs": seqs}).all()


def climb(connection: Connection, climbs: Iterable[Climb]) -> Sequence[Row[Any]]:
    """Apply statuses where they climb; the rows that did, as they are now."""
    rows = sorted(climbs)
    if not rows:
        return []
    if connection.dialect.name == "sqlite":
        return connection.execute(_SQLITE_CLIMB, {"rows": json.dumps(rows)}).all()
    columns = dict(zip(_FIELDS, map(list, zip(*rows, strict=True)), strict=True))
    return connection.execute(_POSTGRES_CLIMB, columns).all()
