"""What Quick Audience is still to be told: rows written with the change they report, deleted when told.

A row holds up to 500 entries of one outId; a push joins rows of the same outId up to the channel's limit.
At least once: a push whose answer was lost is made again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import structlog
from sqlalchemy import Connection, bindparam, delete, func, select, update

from ..audit import Act, note
from ..database import tables
from ..database.bulk import clean
from ..database.dialects import made_once, skip_locked
from ..database.engine import Database
from ..database.turns import in_order, turned
from ..refs import new_id
from ..scope import FIRST_ROWS, Excerpt, Holder, Scope
from . import callbacks
from .entries import Ended as Ended
from .entries import Entry, PushJob, Taken, pack_entries, read_entries
from .entries import Replied as Replied

log = structlog.get_logger("bridge.ledger")

_ROW_ENTRIES = 500
_SCAN_ROWS = 500
_ALONE = 6
"""After so many failures a row travels alone: an entry that is never taken must not hold up other rows."""
_push = tables.push
_NEW = _push.insert()

# Made once: building a statement costs as much as running it.
_FREE = (
    _push.c.channel == bindparam("of_channel"),
    _push.c.dead == tables.WAITING,
    _push.c.due <= bindparam("at"),
    (_push.c.lease.is_(None)) | (_push.c.lease < bindparam("at")),
)
_ANY = select(_push.c.id).where(*_FREE).limit(1)
_DUE = (
    select(_push.c.id, _push.c.kind, _push.c.out_id, _push.c.count.label("entries"), _push.c.attempt)
    .where(*_FREE)
    .order_by(_push.c.due, _push.c.id)
    .limit(_SCAN_ROWS)
)
_due_rows = made_once(lambda connection: skip_locked(connection, _DUE))
_OF_IDS = _push.c.id.in_(bindparam("ids", expanding=True))
_TAKE = (
    update(_push)
    .where(_OF_IDS)
    .values(owner=bindparam("by"), lease=bindparam("until"), attempt=_push.c.attempt + 1)
    .returning(_push.c.id, _push.c.kind, _push.c.out_id, _push.c.entries, _push.c.attempt, _push.c.created)
)
_TOLD = delete(_push).where(_OF_IDS)


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
        """Return whether it is cut in two, so that in the end one bad entry costs only itself."""
        job = self.job
        alone = len(job.row_ids) == 1 and job.attempt >= _ALONE
        return self.refused and not self.dead and alone and len(job.entries) > 1


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A push that was given up and may be replayed."""

    id: int
    channel: str
    kind: int
    out_id: str
    count: int
    attempt: int
    error: str
    created: int


@dataclass(frozen=True, slots=True)
class Telling:
    """A push that Quick Audience has not taken; `error`: what it said last. Times in milliseconds."""

    id: int
    created: int
    due: int
    attempts: int
    given_up: bool
    error: str


def enqueue_receipts(connection: Connection, scope: Scope, ends: Mapping[str, Sequence[Ended]]) -> None:
    """Write ended messages by outId, in the transaction that ended them."""
    _enqueue(connection, scope, tables.RECEIPT, ends)


def enqueue_replies(connection: Connection, scope: Scope, replied: Mapping[str, Sequence[Replied]]) -> None:
    """Write replies by outId, in the transaction that stored them."""
    _enqueue(connection, scope, tables.REPLY, replied)


def _enqueue(
    connection: Connection,
    scope: Scope,
    kind: int,
    groups: Mapping[str, Sequence[Entry]],
) -> None:
    rows = [
        {
            "id": new_id(scope.now),
            "channel": scope.channel,
            "kind": kind,
            "out_id": out_id,
            "count": len(part),
            "entries": pack_entries(part),
            "due": scope.now,
            "created": scope.now,
        }
        for out_id, entries in groups.items()
        for start in range(0, len(entries), _ROW_ENTRIES)
        for part in [entries[start : start + _ROW_ENTRIES]]
    ]
    if rows:
        connection.execute(_NEW, rows)


class Outbox:
    """Claims and ends of pushes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self,
        connection: Connection,
        scope: Scope,
        holder: Holder,
        *,
        jobs: int,
        size: int,
    ) -> list[PushJob]:
        """Take up to `jobs` groups of at most `size` entries that are due and held by nobody."""
        picked = _groups(connection, scope.channel, jobs, size, scope.now)
        ids = [row_id for group in picked for row_id in group]
        if not ids:
            return []
        held = {"ids": ids, "by": holder.owner, "until": scope.now + holder.lease_ms}
        rows = connection.execute(_TAKE, held).all()
        by_id = {
            row.id: (row, entries)
            for row in rows
            if (entries := read_entries(row.kind, row.entries)) is not None
        }
        _bury(connection, scope.channel, [row_id for row_id in ids if row_id not in by_id])
        groups = [[by_id[row_id] for row_id in group if row_id in by_id] for group in picked]
        return [_job(scope.channel, holder.owner, group) for group in groups if group]

    def has_due(self, channel: str, now: int) -> bool:
        """Return whether there is anything to claim; a read, so that idle workers do not write."""
        with self._database.read() as connection:
            return connection.execute(_ANY, {"of_channel": channel, "at": now}).first() is not None

    def finish(self, done: Sequence[Taken], put_back: Sequence[PutBack], now: int) -> None:
        """Delete what Quick Audience took, keeping that it did, and put back the rest: in one transaction."""
        ids = [row_id for taken in done for row_id in taken.job.row_ids]

        def work(connection: Connection) -> None:
            callbacks.note(connection, done, now)
            for start in range(0, len(ids), _SCAN_ROWS):
                connection.execute(_TOLD, {"ids": ids[start : start + _SCAN_ROWS]})
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
                        dead=tables.GIVEN_UP if back.dead else tables.WAITING,
                        attempt=_push.c.attempt - int(not back.counted),
                    )
                )

        self._database.write(work)

    def given_up(
        self, channels: Collection[str] | None = None, wanted: Excerpt = FIRST_ROWS
    ) -> list[GivenUp]:
        """Return the callbacks given up, by when they were written, the oldest first."""
        columns = [_push.c[name] for name in GivenUp.__dataclass_fields__]
        mine = (
            tables.DEAD,
            _push.c.created >= wanted.since,
            _push.c.created < wanted.until,
        )
        rows = turned(select(*columns).where(*mine), [_push.c.id], wanted, latest=False)
        if channels is not None:
            rows = rows.where(_push.c.channel.in_(channels))
        with self._database.read() as connection:
            return in_order([GivenUp(**row._mapping) for row in connection.execute(rows)], wanted)

    def replay(
        self,
        now: int,
        *,
        channel: str | None = None,
        ids: Sequence[int] | None = None,
        act: Act | None = None,
    ) -> int:
        """Make dead letters due again with a fresh account of attempts.

        Returns how many.
        """
        statement = (
            update(_push)
            .where(_push.c.dead == tables.GIVEN_UP)
            .values(dead=tables.WAITING, due=now, attempt=0, created=now)
        )
        if channel is not None:
            statement = statement.where(_push.c.channel == channel)
        if ids is not None:
            statement = statement.where(_push.c.id.in_(list(ids)))

        def work(connection: Connection) -> int:
            count = connection.execute(statement).rowcount
            if act is not None:
                note(connection, replace(act, before={"given_up": count}, after={"waiting": count}))
            return count

        return self._database.write(work)

    def hasten(self, channel: str, now: int) -> int:
        """Make what waits for its next attempt due at once.

        Returns how many rows.
        """
        waiting = (
            update(_push)
            .where(_push.c.channel == channel, _push.c.dead == tables.WAITING, _push.c.due > now)
            .values(due=now)
        )
        return self._database.write(lambda connection: connection.execute(waiting).rowcount)

    def telling(
        self, channel: str, kind: int, named: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], list[Telling]]:
        """Return the pushes that are to tell of each outId's number, in order; of very many, the first."""
        mine = select(_push).where(_push.c.channel == channel, _push.c.kind == kind)
        rows = mine.order_by(_push.c.id).limit(_SCAN_ROWS)
        with self._database.read() as connection:
            return {
                (out_id, phone): [
                    Telling(row.id, row.created, row.due, row.attempt, bool(row.dead), row.error)
                    for row in connection.execute(rows.where(_push.c.out_id == out_id))
                    if any(entry.phone == phone for entry in read_entries(row.kind, row.entries) or ())
                ]
                for out_id, phone in named
            }

    def waiting(self, channel: str) -> tuple[int, int | None]:
        """Return how many entries wait to be pushed, and when the oldest was written (milliseconds)."""
        waiting = func.coalesce(func.sum(_push.c.count), 0).label("waiting")
        totals = select(waiting, func.min(_push.c.created).label("oldest")).where(
            _push.c.channel == channel, _push.c.dead == tables.WAITING
        )
        with self._database.read() as connection:
            row = connection.execute(totals).one()
        return int(row.waiting), row.oldest

    def next_try(self, channel: str) -> int | None:
        """Return when the first callback that waits is due (milliseconds), None where none waits."""
        due = select(func.min(_push.c.due)).where(_push.c.channel == channel, _push.c.dead == tables.WAITING)
        with self._database.read() as connection:
            return cast(int | None, connection.execute(due).scalar())

    def answer(self, channel: str) -> str:
        """Return what Quick Audience last said of a callback that still waits, "" if it said nothing yet."""
        told = (
            select(_push.c.error)
            .where(_push.c.channel == channel, _push.c.dead == tables.WAITING, _push.c.error != "")
            .order_by(_push.c.due.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            return str(connection.execute(told).scalar() or "")


def _groups(connection: Connection, channel: str, jobs: int, size: int, now: int) -> list[list[int]]:
    open_groups: dict[tuple[int, str, int], tuple[list[int], int]] = {}
    full: list[list[int]] = []
    for row in connection.execute(_due_rows(connection), {"of_channel": channel, "at": now}):
        alone = row.id if row.attempt >= _ALONE else 0
        key, entries = (row.kind, row.out_id, alone), row.entries
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
        buried = {"dead": tables.GIVEN_UP, "error": "not readable", "owner": None, "lease": None}
        connection.execute(update(_push).where(_push.c.id.in_(row_ids)).values(**buried))


def _part(connection: Connection, back: PutBack, now: int) -> None:
    """Move the second half of a row's entries into a row of its own, if the row is still its holder's."""
    job, half = back.job, len(back.job.entries) // 2
    first, second = job.entries[:half], job.entries[half:]
    held = update(_push).where(_push.c.id == job.row_ids[0], _push.c.owner == job.owner)
    if connection.execute(held.values(count=len(first), entries=pack_entries(first))).rowcount:
        row = {
            "id": new_id(now),
            "channel": job.channel,
            "kind": job.kind,
            "out_id": job.out_id,
            "count": len(second),
            "entries": pack_entries(second),
            "due": back.due,
            "attempt": job.attempt,
            "error": clean(back.error),
            "created": job.created,
        }
        connection.execute(_NEW, [row])


def _job(channel: str, owner: str, read: Sequence[tuple[Any, list[Entry]]]) -> PushJob:
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
