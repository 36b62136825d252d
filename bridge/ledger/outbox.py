"""What Quick Audience is still to be told: rows written with the change they report, deleted when told.

A row holds up to 500 entries of one outId; a push joins rows of the same outId up to the channel's limit.
At least once: a push whose answer was lost is made again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, delete, func, select, update

from . import models
from .bulk import clean
from .engine import Database
from .refs import new_id
from .sql import skip_locked

log = structlog.get_logger("bridge.ledger")

_ROW_ENTRIES = 500
_SCAN_ROWS = 500
_ALONE = 6
"""After so many failures a row travels alone: an entry that is never taken must not hold up other rows."""
_push = models.push
_NEW = _push.insert()


class Ended(NamedTuple):
    """A message that came to its end; `phone` as Quick Audience wrote it, times in milliseconds."""

    phone: str
    status: int
    sent: int
    ended: int
    code: str
    reason: str

    def __repr__(self) -> str:
        return f"Ended(status={self.status}, code={self.code!r})"


class Replied(NamedTuple):
    """A reply to hand on; `phone` as Quick Audience wrote it."""

    phone: str
    received: int
    content: str

    def __repr__(self) -> str:
        return "Replied()"


@dataclass(frozen=True, slots=True)
class PushJob:
    """Rows claimed for one call to Quick Audience: one channel, one kind, one outId."""

    channel: str
    kind: int
    out_id: str
    row_ids: tuple[int, ...]
    entries: tuple[tuple[Any, ...], ...]
    attempt: int
    owner: str
    created: int

    def __repr__(self) -> str:
        return f"PushJob({self.channel!r}, {len(self.entries)} entries)"


@dataclass(frozen=True, slots=True)
class PutBack:
    """A push that was not taken: tried again at `due`, or a dead letter. Not `counted`: not its own fault.

    `refused`: for what it holds, so that the same call would be refused again.
    """

    job: PushJob
    due: int
    error: str
    counted: bool = True
    dead: bool = False
    refused: bool = False

    @property
    def parts(self) -> bool:
        """Whether it is cut in two, so that in the end one bad entry costs only itself."""
        job = self.job
        alone = len(job.row_ids) == 1 and job.attempt >= _ALONE
        return self.refused and not self.dead and alone and len(job.entries) > 1


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A push that was given up and may be replayed."""

    id: int
    channel: str
    kind: int
    out_id: str
    count: int
    attempt: int
    error: str
    created: int


def enqueue_receipts(
    connection: Connection, channel: str, ended: Mapping[str, Sequence[Ended]], now: int
) -> None:
    """Write ended messages by outId, in the transaction that ended them."""
    _enqueue(connection, channel, models.RECEIPT, ended, now)


def enqueue_replies(
    connection: Connection, channel: str, replied: Mapping[str, Sequence[Replied]], now: int
) -> None:
    """Write replies by outId, in the transaction that stored them."""
    _enqueue(connection, channel, models.REPLY, replied, now)


def _enqueue(
    connection: Connection,
    channel: str,
    kind: int,
    groups: Mapping[str, Sequence[tuple[Any, ...]]],
    now: int,
) -> None:
    rows = [
        {
            "id": new_id(now),
            "channel": channel,
            "kind": kind,
            "out_id": out_id,
            "count": len(part),
            "entries": _pack(part),
            "due": now,
            "created": now,
        }
        for out_id, entries in groups.items()
        for start in range(0, len(entries), _ROW_ENTRIES)
        for part in [entries[start : start + _ROW_ENTRIES]]
    ]
    if rows:
        connection.execute(_NEW, rows)


def _pack(entries: Sequence[tuple[Any, ...]]) -> bytes:
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()


def _unpack(entries: bytes) -> list[tuple[Any, ...]] | None:
    try:
        return [tuple(entry) for entry in json.loads(entries)]
    except (ValueError, TypeError):
        return None


class Outbox:
    """Claims and ends of pushes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self,
        connection: Connection,
        channel: str,
        owner: str,
        *,
        jobs: int,
        size: int,
        now: int,
        lease_ms: int,
    ) -> list[PushJob]:
        """Take up to `jobs` groups of at most `size` entries that are due and held by nobody."""
        picked = _groups(connection, channel, jobs, size, now)
        ids = [row_id for group in picked for row_id in group]
        if not ids:
            return []
        rows = connection.execute(
            update(_push)
            .where(_push.c.id.in_(ids))
            .values(owner=owner, lease=now + lease_ms, attempt=_push.c.attempt + 1)
            .returning(
                _push.c.id, _push.c.kind, _push.c.out_id, _push.c.entries, _push.c.attempt, _push.c.created
            )
        ).all()
        by_id = {row.id: (row, entries) for row in rows if (entries := _unpack(row.entries)) is not None}
        _bury(connection, channel, [row_id for row_id in ids if row_id not in by_id])
        groups = [[by_id[row_id] for row_id in group if row_id in by_id] for group in picked]
        return [_job(channel, owner, group) for group in groups if group]

    def has_due(self, channel: str, now: int) -> bool:
        """Whether there is anything to claim; a read, so that idle workers do not write."""
        free = (_push.c.lease.is_(None)) | (_push.c.lease < now)
        due = select(_push.c.id).where(
            _push.c.channel == channel, _push.c.dead == 0, _push.c.due <= now, free
        )
        with self._database.read() as connection:
            return connection.execute(due.limit(1)).first() is not None

    def finish(self, done: Sequence[PushJob], put_back: Sequence[PutBack], now: int) -> None:
        """Delete what Quick Audience confirmed and put back the rest, in one transaction."""
        ids = [row_id for job in done for row_id in job.row_ids]

        def work(connection: Connection) -> None:
            for start in range(0, len(ids), _SCAN_ROWS):
                connection.execute(delete(_push).where(_push.c.id.in_(ids[start : start + _SCAN_ROWS])))
            for back in put_back:
                if back.parts:
                    _part(connection, back, now)
                connection.execute(
                    update(_push)
                    .where(_push.c.id.in_(back.job.row_ids), _push.c.owner == back.job.owner)
                    .values(
                        owner=None,
                        lease=None,
                        due=back.due,
                        error=clean(back.error),
                        dead=int(back.dead),
                        attempt=_push.c.attempt - int(not back.counted),
                    )
                )

        self._database.write(work)

    def dead_letters(self, channel: str | None = None, *, limit: int = 100) -> list[DeadLetter]:
        """Dead letters, oldest first."""
        columns = [_push.c[name] for name in DeadLetter.__dataclass_fields__]
        rows = select(*columns).where(_push.c.dead == 1).order_by(_push.c.id).limit(limit)
        if channel is not None:
            rows = rows.where(_push.c.channel == channel)
        with self._database.read() as connection:
            return [DeadLetter(*row) for row in connection.execute(rows)]

    def replay(self, now: int, *, channel: str | None = None, ids: Sequence[int] | None = None) -> int:
        """Make dead letters due again with a fresh account of attempts; how many."""
        statement = update(_push).where(_push.c.dead == 1).values(dead=0, due=now, attempt=0, created=now)
        if channel is not None:
            statement = statement.where(_push.c.channel == channel)
        if ids is not None:
            statement = statement.where(_push.c.id.in_(list(ids)))
        return self._database.write(lambda connection: connection.execute(statement).rowcount)

    def waiting(self, channel: str) -> tuple[int, int | None]:
        """Entries waiting to be pushed, and when the oldest of them was written (milliseconds)."""
        totals = select(func.coalesce(func.sum(_push.c.count), 0), func.min(_push.c.created)).where(
            _push.c.channel == channel, _push.c.dead == 0
        )
        with self._database.read() as connection:
            count, oldest = connection.execute(totals).one()
        return int(count), oldest


def _groups(connection: Connection, channel: str, jobs: int, size: int, now: int) -> list[list[int]]:
    free = (_push.c.lease.is_(None)) | (_push.c.lease < now)
    due = (
        select(_push.c.id, _push.c.kind, _push.c.out_id, _push.c.count, _push.c.attempt)
        .where(_push.c.channel == channel, _push.c.dead == 0, _push.c.due <= now, free)
        .order_by(_push.c.due, _push.c.id)
        .limit(_SCAN_ROWS)
    )
    open_groups: dict[tuple[int, str, int], tuple[list[int], int]] = {}
    full: list[list[int]] = []
    for row in connection.execute(skip_locked(connection, due)):
        alone = row.id if row.attempt >= _ALONE else 0
        key, entries = (row.kind, row.out_id, alone), row[3]
        ids, total = open_groups.get(key, ([], 0))
        if ids and total + entries > size:
            full.append(ids)
            ids, total = [], 0
        ids.append(row.id)
        open_groups[key] = (ids, total + entries)
        if len(full) >= jobs:
            break
    return [*full, *(ids for ids, _ in open_groups.values())][:jobs]


def _bury(connection: Connection, channel: str, row_ids: Sequence[int]) -> None:
    """Make dead letters of rows that cannot be read: they must not hold up the others."""
    if row_ids:
        log.error("pushes are not readable", channel=channel, rows=len(row_ids))
        buried = {"dead": 1, "error": "not readable", "owner": None, "lease": None}
        connection.execute(update(_push).where(_push.c.id.in_(row_ids)).values(**buried))


def _part(connection: Connection, back: PutBack, now: int) -> None:
    """Move the second half of a row's entries into a row of its own, if the row is still its holder's."""
    job, half = back.job, len(back.job.entries) // 2
    first, second = job.entries[:half], job.entries[half:]
    held = update(_push).where(_push.c.id == job.row_ids[0], _push.c.owner == job.owner)
    if connection.execute(held.values(count=len(first), entries=_pack(first))).rowcount:
        row = {
            "id": new_id(now),
            "channel": job.channel,
            "kind": job.kind,
            "out_id": job.out_id,
            "count": len(second),
            "entries": _pack(second),
            "due": back.due,
            "attempt": job.attempt,
            "error": clean(back.error),
            "created": job.created,
        }
        connection.execute(_NEW, [row])


def _job(channel: str, owner: str, read: Sequence[tuple[Any, list[tuple[Any, ...]]]]) -> PushJob:
    rows = [row for row, _ in read]
    entries = tuple(entry for _, entries in read for entry in entries)
    return PushJob(
        channel=channel,
        kind=rows[0].kind,
        out_id=rows[0].out_id,
        row_ids=tuple(row.id for row in rows),
        entries=entries,
        attempt=max(row.attempt for row in rows),
        owner=owner,
        created=min(row.created for row in rows),
    )
