"""How many messages of each send stand where: counted in the very transactions that change messages.

So that no page, command or metric scans the message table. What a transaction did to messages is gathered
beside its connection and written by one statement before the commit (`Database.before_commit`): neither a
crash nor a rollback can make the two differ. `Tallies.differences` counts anew and compares.

A message that waits in a batch's blob has no row and is not counted; a send has `send.count` recipients.
"""

import json
import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from ..plugin import MessageStatus
from ..plugin.status import FIRST_FINAL
from .database.bulk import MessageRow
from .database.engine import GATHERED, Database
from .refs import to_ref

BUCKETS_S = (1, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400)
"""Upper bounds of the buckets of time to delivery, in seconds; bucket 1 ends at the first of them.

Bucket 0 is for what is not delivered; the last one has no bound.
"""
GONE = -1
"""The slot of what retention deleted: it counts in totals, but there is no row to count anew."""

_SLOTS = 8
"""Processes write to different rows, or each would wait for the others' commits. Only PostgreSQL needs it."""
_BOUNDS_MS = [1000 * bound for bound in BUCKETS_S]
_SHAPE = itemgetter(
    *(MessageRow._fields.index(name) for name in ("batch_id", "status", "code", "segments", "rate"))
)
_STANDS = attrgetter("batch_id", "status", "code", "segments", "sent", "ended_at", "rate")
_DELIVERED_STATUS, _FINAL = int(MessageStatus.DELIVERED), int(FIRST_FINAL)
_FIELDS = {
    "batch_id": "bigint",
    "status": "smallint",
    "code": "text",
    "segments": "smallint",
    "bucket": "smallint",
    "rate": "smallint",
    "number": "int",
    "ms": "bigint",
}
_FROM_JSON = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(_FIELDS))
_FROM_ARRAYS = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _FIELDS.items())
_KEY = "send_id, slot, status, code, account, segments, bucket, rate"
_ADD = f"""
    ON CONFLICT ({_KEY}) DO UPDATE SET count = tally.count + excluded.count, ms = tally.ms + excluded.ms
"""
# In one order, so that transactions do not block each other.
_WRITE = f"""
    INSERT INTO tally ({_KEY}, count, ms)
    SELECT b.send_id, CAST(:slot AS smallint), j.status, j.code, b.identity, j.segments, j.bucket,
           j.rate, sum(j.number), sum(j.ms)
    FROM {{source}} JOIN batch AS b ON b.id = j.batch_id
    GROUP BY b.send_id, j.status, j.code, b.identity, j.segments, j.bucket, j.rate
    HAVING sum(j.number) <> 0 OR sum(j.ms) <> 0
    ORDER BY b.send_id, j.status, j.code, b.identity, j.segments, j.bucket, j.rate
    {_ADD}
"""  # noqa: S608
_JSON_ROWS = f"(SELECT {_FROM_JSON} FROM json_each(:rows)) AS j"  # noqa: S608
_SQLITE_WRITE = text(_WRITE.format(source=_JSON_ROWS))
_POSTGRES_WRITE = text(_WRITE.format(source=f"unnest({_FROM_ARRAYS}) AS j ({', '.join(_FIELDS)})"))

_CODE = f"CASE WHEN m.status < {FIRST_FINAL:d} THEN '' ELSE m.code END"
_LATE = "CASE WHEN m.ended_at > m.sent THEN m.ended_at - m.sent ELSE 0 END"
_DELIVERED = f"m.status = {MessageStatus.DELIVERED:d} AND m.ended_at IS NOT NULL"
_BUCKET = " ".join(
    [
        f"CASE WHEN NOT ({_DELIVERED}) THEN 0",
        *(f"WHEN {_LATE} <= {bound} THEN {at}" for at, bound in enumerate(_BOUNDS_MS, 1)),
        f"ELSE {len(_BOUNDS_MS) + 1} END",
    ]
)
_MS = f"CASE WHEN {_DELIVERED} THEN {_LATE} ELSE 0 END"
COUNTED = f"""
    SELECT b.send_id, m.status, {_CODE} AS code, b.identity AS account, m.segments, {_BUCKET} AS bucket,
           m.rate, count(*) AS number, sum({_MS}) AS ms
    FROM message AS m JOIN batch AS b ON b.id = m.batch_id
"""  # noqa: S608
"""Count messages as the tally does; GROUPED goes behind it."""
GROUPED = "GROUP BY 1, 2, 3, 4, 5, 6, 7"
_MOVE = f"""
    INSERT INTO tally ({_KEY}, count, ms)
    SELECT c.send_id, k.slot, c.status, c.code, c.account, c.segments, c.bucket,
           c.rate, k.sign * c.number, k.sign * c.ms
    FROM ({COUNTED} WHERE m.batch_id IN ({{ids}}) {GROUPED}) AS c
    CROSS JOIN (SELECT CAST({GONE} AS smallint) AS slot, 1 AS sign UNION ALL SELECT 0, -1) AS k
    WHERE true
    ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
    {_ADD}
"""  # noqa: S608
_DIFFERENCES = text(f"""
    SELECT send_id, status, code, account, segments, bucket, rate, sum(kept) AS kept, sum(counted) AS counted,
           sum(kept_ms) AS kept_ms, sum(counted_ms) AS counted_ms
    FROM (
        SELECT send_id, status, code, account, segments, bucket, rate,
               count AS kept, 0 AS counted, ms AS kept_ms, 0 AS counted_ms
        FROM tally WHERE slot <> {GONE}
        UNION ALL
        SELECT c.send_id, c.status, c.code, c.account, c.segments, c.bucket, c.rate, 0, c.number, 0, c.ms
        FROM ({COUNTED} {GROUPED}) AS c
    ) AS both_of_them
    GROUP BY send_id, status, code, account, segments, bucket, rate
    HAVING sum(kept) <> sum(counted) OR sum(kept_ms) <> sum(counted_ms)
    ORDER BY send_id, status, code
    LIMIT :most
""")  # noqa: S608


class Difference(NamedTuple):
    """What the tally says of a send's messages of one kind, and what there are."""

    send_id: int
    status: int
    code: str
    account: str
    segments: int
    bucket: int
    rate: int
    kept: int
    counted: int
    kept_ms: int
    counted_ms: int

    def __str__(self) -> str:
        status = MessageStatus(self.status).name.lower()
        kind = f"{status} {self.code}".rstrip()
        return f"send {to_ref(self.send_id)}, {kind}: the tally says {self.kept}, counted {self.counted}"


class Tallies:
    """The tally of all sends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.before_commit.append(flush)

    def differences(self, *, most: int = 20) -> list[Difference]:
        """Count all messages anew, in one consistent state. Returns where the tally says something else."""
        with self._database.read() as connection:
            rows = connection.execute(_DIFFERENCES, {"most": most})
            return [Difference(*_whole(row)) for row in rows]


def added(connection: Connection, rows: Sequence[MessageRow], sign: int = 1) -> None:
    """Count message rows that are written in this transaction; `sign` -1 for rows that go."""
    if not rows:
        return
    gathered = _of(connection)
    for (batch_id, status, code, segments, rate), number in Counter(map(_SHAPE, rows)).items():
        if status != MessageStatus.DELIVERED:
            _count(gathered, (batch_id, status, code, segments, rate), sign * number)
    for row in rows:
        if row.status == MessageStatus.DELIVERED:
            _count_delivered(gathered, row, sign)


def climbed(connection: Connection, rows: Iterable[tuple[Any, int]]) -> None:
    """Count message rows that changed in this transaction, each with the status that it had before."""
    # Written for speed: nearly every message passes here on its way to its end.
    left: defaultdict[_Shape, list[int]] = defaultdict(lambda: [0])
    came: defaultdict[_Kind, list[int]] = defaultdict(lambda: [0, 0])
    for row, was in rows:
        batch_id, status, code, segments, sent, ended_at, rate = _STANDS(row)
        left[batch_id, was, "", segments, rate][0] -= 1
        bucket = ms = 0
        if status == _DELIVERED_STATUS and ended_at is not None:
            ms = ended_at - sent if ended_at > sent else 0
            bucket = bisect_left(_BOUNDS_MS, ms) + 1
        amount = came[batch_id, status, code if status >= _FINAL else "", segments, bucket, rate]
        amount[0] += 1
        amount[1] += ms
    gathered = _of(connection)
    for shape, (number,) in left.items():
        _count(gathered, shape, number)
    for kind, (number, ms) in came.items():
        held = gathered.get(kind, (0, 0))
        gathered[kind] = (held[0] + number, held[1] + ms)


def lengthened(connection: Connection, rows: Iterable[tuple[Any, int]]) -> None:
    """Count message rows, as they were, whose number of segments changes in this transaction."""
    gathered = _of(connection)
    for row, segments in rows:
        for sign, counted in ((-1, row.segments), (1, segments)):
            changed = {**row._mapping, "segments": counted}
            if row.status == MessageStatus.DELIVERED:
                _count_delivered(gathered, _Changed(**changed), sign)
            else:
                _count(gathered, (row.batch_id, row.status, row.code, counted, row.rate), sign)


def returned(connection: Connection, batch_id: int, rows: Iterable[Any]) -> None:
    """Count rows of unknown outcome that go: their messages wait to be sent again."""
    gathered = _of(connection)
    for row in rows:
        _count(gathered, (batch_id, MessageStatus.CALLING, "", row.segments, row.rate), -1)


def flush(connection: Connection) -> None:
    """Write what this transaction did to messages."""
    gathered: dict[_Kind, tuple[int, int]] | None = connection.info.pop(GATHERED, None)
    if not gathered:
        return
    rows = [(*kind, *amount) for kind, amount in sorted(gathered.items()) if amount != (0, 0)]
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(_SQLITE_WRITE, {"slot": 0, "rows": json.dumps(rows)})
        return
    columns = dict(zip(_FIELDS, map(list, zip(*rows, strict=True)), strict=True))
    connection.execute(_POSTGRES_WRITE, {"slot": os.getpid() % _SLOTS, **columns})


def move_gone(connection: Connection, batch_ids: Collection[int]) -> None:
    """Keep the totals of batches whose messages are deleted in this transaction."""
    ids = ", ".join(str(int(one)) for one in batch_ids)
    connection.execute(text(_MOVE.format(ids=ids)))


_Kind = tuple[int, int, str, int, int, int]
_Shape = tuple[int, int, str, int, int]


class _Changed(NamedTuple):
    batch_id: int
    seq: int
    status: int
    code: str
    segments: int
    sent: int
    ended_at: int | None
    rate: int


CHANGED = _Changed._fields
"""The columns of a message that `lengthened` must know."""


def _of(connection: Connection) -> dict[_Kind, tuple[int, int]]:
    gathered: dict[_Kind, tuple[int, int]] = connection.info.setdefault(GATHERED, {})
    return gathered


def _count(gathered: dict[_Kind, tuple[int, int]], shape: _Shape, number: int) -> None:
    batch_id, status, code, segments, rate = shape
    kind = (batch_id, int(status), code if status >= FIRST_FINAL else "", segments, 0, rate)
    held = gathered.get(kind)
    gathered[kind] = (number, 0) if held is None else (held[0] + number, held[1])


def _count_delivered(gathered: dict[_Kind, tuple[int, int]], row: Any, sign: int) -> None:
    if row.ended_at is None:
        _count(gathered, (row.batch_id, row.status, row.code, row.segments, row.rate), sign)
        return
    late = max(0, row.ended_at - row.sent)
    bucket = bisect_left(_BOUNDS_MS, late) + 1
    kind = (row.batch_id, int(row.status), row.code, row.segments, bucket, row.rate)
    held = gathered.get(kind)
    gathered[kind] = (sign, sign * late) if held is None else (held[0] + sign, held[1] + sign * late)


def _whole(row: Any) -> list[Any]:
    """Return the row with whole numbers: PostgreSQL adds up as decimals."""
    return [value if isinstance(value, str) else int(value) for value in row]
