"""The statements that carry millions of rows, written for each database.

PostgreSQL loads rows with COPY (a tenth of the CPU of executemany) and takes arrays. SQLite takes many rows
in one INSERT, or one JSON text that it walks with json_each; executemany would release the interpreter lock
for each row, and wait for it behind every busy thread. Everything else in the ledger is plain SQLAlchemy.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import DBAPIError

from bridge.clock import DAY_MS, millis_of
from bridge.plugin.masking import mask_numbers
from bridge.plugin.status import FIRST_FINAL

from ..refs import Place
from .packing import pack


class MessageRow(NamedTuple):
    """A row of the message table, in its columns' order."""

    batch_id: int
    seq: int
    phone: str
    phone_key: int
    status: int
    vendor_id: str
    code: str
    reason: str
    segments: int
    sent: int
    ended_at: int | None
    rate: int = 0

    def __repr__(self) -> str:
        return f"MessageRow({self.batch_id}, {self.seq}, status={self.status})"


class Climb(NamedTuple):
    """A status that a message may climb to. An empty vendor_id keeps the stored one."""

    batch_id: int
    seq: int
    status: int
    vendor_id: str
    code: str
    reason: str
    at: int


_YEAR_MS = 366 * DAY_MS
_COLUMNS = ", ".join(MessageRow._fields)
_MARKS = f"({', '.join('?' * len(MessageRow._fields))})"
_SQLITE_INSERT = f"INSERT INTO message ({_COLUMNS}) VALUES "  # noqa: S608
_SQLITE_ROWS = 500  # far below SQLite's limit of 32766 values in a statement
_COPY = f"COPY message ({_COLUMNS}) FROM STDIN"

# The climb itself, of a message that still has the status it was read with. Nothing else need be asked here:
# a final status stays, and only a higher one replaces an open one, so no other climb is tried.
_SET = f"""
    status = j.status,
    vendor_id = CASE WHEN j.vendor_id = '' THEN message.vendor_id ELSE j.vendor_id END,
    code = j.code, reason = j.reason,
    ended_at = CASE WHEN j.status >= {FIRST_FINAL:d} THEN j.at ELSE message.ended_at END
"""
_WHERE = """
    message.batch_id = j.batch_id AND message.seq = j.seq AND message.status = j.was
"""
_RETURNING = """
    message.batch_id, message.seq, message.phone, message.status, message.code, message.reason,
    message.segments, message.sent, message.ended_at, message.vendor_id, message.rate
"""
_FIELDS = {
    "batch_id": "bigint",
    "seq": "int",
    "status": "smallint",
    "vendor_id": "text",
    "code": "text",
    "reason": "text",
    "at": "bigint",
    "was": "smallint",
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
    SELECT m.batch_id, m.seq, m.phone, m.segments, m.status
    FROM json_each(:places) AS j CROSS JOIN message AS m
    WHERE m.batch_id = json_extract(j.value, '$[0]') AND m.seq = json_extract(j.value, '$[1]')
""")
_POSTGRES_FIND = text("""
    SELECT m.batch_id, m.seq, m.phone, m.segments, m.status
    FROM unnest(CAST(:batch_ids AS bigint[]), CAST(:seqs AS int[])) AS j (batch_id, seq)
    JOIN message AS m ON m.batch_id = j.batch_id AND m.seq = j.seq
""")


def clean(text: str, longest: int = 500) -> str:
    """Return a third party's text fit for the database: no NUL, no lone surrogates, not too long."""
    if not text:
        return text
    if text.isascii() and "\0" not in text:
        return text[:longest]
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:longest]


def clean_words(text: str, longest: int = 500) -> str:
    """Return what a person or a third party wrote, fit for the database and with phone numbers masked.

    Nobody who is forgotten later stays in somebody's reason.
    """
    return clean(mask_numbers(text), longest) if text else text


def believable(at: datetime | None, now: int) -> datetime | None:
    """Return a third party's moment, None for one more than a year away from `now` (milliseconds)."""
    if at is None or abs(millis_of(at) - now) > _YEAR_MS:
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
    batch_id, seq, phone, key, status, vendor_id, code, reason, segments, sent, ended_at, rate = row
    return (
        f"{batch_id}\t{seq}\t{_escape(phone)}\t{key}\t{status}\t{_escape(vendor_id)}\t{_escape(code)}\t"
        f"{_escape(reason)}\t{segments}\t{sent}\t{chr(92) + 'N' if ended_at is None else ended_at}\t{rate}\n"
    )


def _escape(value: str) -> str:
    if value.isalnum() or not value:
        return value
    value = value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return value.replace("\0", "")


def find_messages(connection: Connection, places: Collection[Place]) -> Sequence[Row[Any]]:
    """Return batch id, seq, phone, segments and status of the messages that exist at these places."""
    if not places:
        return []
    if connection.dialect.name == "sqlite":
        packed = pack([tuple(place) for place in places]).decode()
        return connection.execute(_SQLITE_FIND, {"places": packed}).all()
    batch_ids, seqs = map(list, zip(*places, strict=True))
    return connection.execute(_POSTGRES_FIND, {"batch_ids": batch_ids, "seqs": seqs}).all()


def climb(
    connection: Connection, climbs: Iterable[Climb], known: Mapping[Place, int]
) -> list[tuple[Row[Any], int]]:
    """Apply statuses where they climb. Returns the rows that did, as they are now, and their former status.

    `known`: the status of each message as this transaction read it. Where another one was faster (on
    PostgreSQL), the message is read once more.
    """
    left, known, done = sorted(climbs), dict(known), list[tuple[Row[Any], int]]()
    while left:
        steps = [step for step in left if _climbs(step, known.get(Place(step.batch_id, step.seq)))]
        rows = _climb(connection, [(*step, known[Place(step.batch_id, step.seq)]) for step in steps])
        done += [(row, known[Place(row.batch_id, row.seq)]) for row in rows]
        changed = {Place(row.batch_id, row.seq) for row in rows}
        left = [step for step in steps if Place(step.batch_id, step.seq) not in changed]
        if left:
            known = {
                Place(row.batch_id, row.seq): row.status
                for row in find_messages(connection, {Place(step.batch_id, step.seq) for step in left})
            }
    return done


def _climbs(step: Climb, was: int | None) -> bool:
    return was is not None and was < FIRST_FINAL and step.status > was


def _climb(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> Sequence[Row[Any]]:
    if not rows:
        return []
    if connection.dialect.name == "sqlite":
        return connection.execute(_SQLITE_CLIMB, {"rows": pack(rows).decode()}).all()
    columns = dict(zip(_FIELDS, map(list, zip(*rows, strict=True)), strict=True))
    return connection.execute(_POSTGRES_CLIMB, columns).all()
