"""The life of a chunk: claimed, called, recorded; or unknown, and settled.

READY -> CALLING -> DONE is the plain way. A lapsed lease or a lost answer makes it UNKNOWN with a message row
(status CALLING) for each recipient in question; receipts, look-ups and the deadline settle those rows one by
one. Only proof that the vendor did not take a message puts it into a READY chunk again.
"""

from collections.abc import Collection, Sequence
from itertools import compress
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Update, bindparam, delete, func, or_, select, update

from ..plugin import DeliveryReceipt, MessageStatus
from . import models
from .batches import insert_chunks
from .blobs import encode
from .bulk import insert_messages
from .calls import Claimed, Conclusion, Recorded, Settlement
from .engine import Database
from .outbox import Ended, enqueue_receipts
from .receipts import Receipts, close_settled
from .refs import message_ref
from .segments import keep
from .sql import lit, made_once, skip_locked
from .suppressions import suppress

_chunk = models.chunk
_UNFINISHED = _chunk.c.state < lit(models.DONE)  # spelt as the partial index spells it, so that it is used


class Chunks:
    """Claims and ends of chunks."""

    def __init__(self, database: Database, receipts: Receipts) -> None:
        self._database = database
        self._receipts = receipts

    def claim(
        self, connection: Connection, channel: str, owner: str, *, limit: int, now: int, lease_ms: int
    ) -> list[Claimed]:
        """Take up to `limit` due chunks: READY -> CALLING, to be committed before the vendor is called."""
        ready = {"in_channel": channel, "at": now, "most": limit}
        ids = connection.execute(_pick_ready(connection), ready).scalars().all()
        if not ids:
            return []
        call = {"ids": ids, "by": owner, "until": now + lease_ms, "at": now}
        return [Claimed(*row) for row in sorted(connection.execute(_CALL, call))]

    def has_due(self, channel: str, now: int) -> bool:
        """Whether there is anything to claim; a read, so that idle workers do not write."""
        with self._database.read() as connection:
            ready = {"in_channel": channel, "at": now, "most": 1}
            return connection.execute(_READY, ready).first() is not None

    def claim_expired(
        self, channels: Collection[str], owner: str, *, limit: int, now: int, lease_ms: int
    ) -> list[Claimed]:
        """Take READY chunks past their deadline, of paused channels too; they are given up, never called."""
        rows = _expired(channels, now).limit(limit)
        return self._database.write(
            lambda connection: _take(
                connection,
                rows,
                state=models.CALLING,
                owner=owner,
                lease=now + lease_ms,
                called=None,
                attempt=_chunk.c.attempt + 1,
            )
        )

    def has_expired(self, channels: Collection[str], now: int) -> bool:
        """Whether there is anything to give up; a read of all that waits, which keeps no writer waiting."""
        with self._database.read() as connection:
            return connection.execute(_expired(channels, now).limit(1)).first() is not None

    def claim_lapsed(
        self, channels: Collection[str], owner: str, *, limit: int, now: int, lease_ms: int
    ) -> list[Claimed]:
        """Take over CALLING chunks whose lease lapsed; their outcome is unknown, never called again."""
        rows = (
            select(_chunk.c.id)
            .where(
                _chunk.c.channel.in_(channels), _chunk.c.state == lit(models.CALLING), _chunk.c.lease < now
            )
            .limit(limit)
        )
        return self._database.write(
            lambda connection: _take(connection, rows, owner=owner, lease=now + lease_ms)
        )

    def claim_unknown(
        self, channel: str, owner: str, *, limit: int, now: int, lease_ms: int
    ) -> list[Claimed]:
        """Take UNKNOWN chunks that are due for a look-up or for their deadline."""
        free = or_(_chunk.c.lease.is_(None), _chunk.c.lease < now)
        rows = _unknown(channel, now).where(free).limit(limit)
        return self._database.write(
            lambda connection: _take(connection, rows, owner=owner, lease=now + lease_ms)
        )

    def open_messages(self, chunk_id: int) -> Sequence[tuple[int, str, int]]:
        """The message rows of a chunk whose outcome is unknown: seq, phone, segments."""
        table = models.message
        with self._database.read() as connection:
            rows = connection.execute(
                select(table.c.seq, table.c.phone, table.c.segments)
                .where(table.c.chunk_id == chunk_id, table.c.status == lit(MessageStatus.CALLING))
                .order_by(table.c.seq)
            )
            return [(row.seq, row.phone, row.segments) for row in rows]

    def record(self, connection: Connection, conclusions: Sequence[Conclusion], now: int) -> list[Recorded]:
        """Write the ends of chunks in the caller's transaction, but not of those others have taken over.

        A stale result is still evidence: what it says was accepted, rejected or not sent settles messages.
        """
        ours = [connection.execute(_END, _end_of(one)).rowcount > 0 for one in conclusions]
        insert_messages(connection, [row for one in compress(conclusions, ours) for row in one.rows])
        keep(connection, [segment for one in conclusions for segment in one.segments])
        parked = {
            name
            for name in {one.chunk.channel for one in conclusions}
            if self._receipts.any_parked(connection, name)
        }
        return [
            self._record(connection, one, one.chunk.channel in parked, now)
            if is_ours
            else self._record_stale(connection, one, now)
            for one, is_ours in zip(conclusions, ours, strict=True)
        ]

    def _record(self, connection: Connection, conclusion: Conclusion, parked: bool, now: int) -> Recorded:
        """All that follows from a chunk's end and its message rows."""
        chunk = conclusion.chunk
        for requeue in conclusion.again:
            blob = (len(requeue.recipients.phones), encode(requeue.recipients))
            insert_chunks(
                connection,
                chunk.channel,
                chunk.batch_id,
                [blob],
                now=now,
                due=requeue.due,
                deadline=chunk.deadline,
            )
        ended = [
            Ended(row.phone, row.status, row.sent, row.ended or now, row.code, row.reason)
            for row in conclusion.rows
            if row.status >= MessageStatus.DELIVERED
        ]
        if conclusion.pushes:
            enqueue_receipts(connection, chunk.channel, {conclusion.out_id: ended}, now)
        suppress(connection, chunk.channel, conclusion.sign_name, conclusion.opted_out, "vendor", now)
        if parked:
            ended += self._receipts.unpark(
                connection, chunk.channel, conclusion.rows, conclusion.segments, conclusion.pushes, now
            )
        return Recorded(ended=ended)

    def _record_stale(self, connection: Connection, conclusion: Conclusion, now: int) -> Recorded:
        """Heed the answer to a call that another took over: like a receipt it may wait for its message."""
        chunk = conclusion.chunk
        evidence = [
            DeliveryReceipt(
                MessageStatus(row.status),
                message_ref(chunk.id, row.seq),
                vendor_id=row.vendor_id,
                code=row.code,
                reason=row.reason,
            )
            for row in conclusion.rows
            if row.status >= MessageStatus.ACCEPTED
        ]
        intake = self._receipts.take(connection, chunk.channel, evidence, conclusion.pushes, now)
        suppress(connection, chunk.channel, conclusion.sign_name, conclusion.opted_out, "vendor", now)
        _resend_late(connection, conclusion, now)
        return Recorded(stale=True, ended=intake.ended)

    def settle(self, settlement: Settlement, now: int) -> Recorded:
        """Write what was learned about an UNKNOWN chunk; DONE once no message of it is open."""

        def work(connection: Connection) -> Recorded:
            chunk = settlement.chunk
            if not connection.execute(
                _fenced(chunk, models.UNKNOWN).values(due=settlement.check_at, **_FREE)
            ).rowcount:
                return Recorded(stale=True)
            _resend(
                connection,
                chunk,
                settlement.resend,
                now=now,
                due=settlement.resend_due,
                deadline=settlement.resend_deadline,
            )
            keep(connection, settlement.segments)
            ended = self._receipts.apply_climbs(
                connection, chunk.channel, settlement.climbs, settlement.pushes, now
            )
            suppress(connection, chunk.channel, settlement.sign_name, settlement.opted_out, "vendor", now)
            close_settled(connection, [chunk.id])
            return Recorded(ended=ended)

        return self._database.write(work)


_FREE: dict[str, Any] = {"owner": None, "lease": None}


# Made once: building a statement costs as much as running it.
_READY = (
    select(_chunk.c.id)
    .where(
        _UNFINISHED,
        _chunk.c.channel == bindparam("in_channel"),
        _chunk.c.state == lit(models.READY),
        _chunk.c.due <= bindparam("at"),
        _chunk.c.deadline > bindparam("at"),
    )
    .order_by(_chunk.c.due, _chunk.c.id)
    .limit(bindparam("most"))
)
_pick_ready = made_once(lambda connection: skip_locked(connection, _READY))
_CLAIMED = ["recipients" if name == "blob" else name for name in Claimed.__dataclass_fields__]
_CALL = (
    update(_chunk)
    .where(_chunk.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=models.CALLING,
        owner=bindparam("by"),
        lease=bindparam("until"),
        called=bindparam("at"),
        attempt=_chunk.c.attempt + 1,
    )
    .returning(*(_chunk.c[name] for name in _CLAIMED))
)


def _unknown(channel: str, now: int) -> Select[Any]:
    return (
        select(_chunk.c.id)
        .where(
            _UNFINISHED,
            _chunk.c.channel == channel,
            _chunk.c.state == lit(models.UNKNOWN),
            _chunk.c.due <= now,
        )
        .order_by(_chunk.c.due, _chunk.c.id)
    )


def _expired(channels: Collection[str], now: int) -> Select[Any]:
    return select(_chunk.c.id).where(
        _UNFINISHED,
        _chunk.c.channel.in_(channels),
        _chunk.c.state == lit(models.READY),
        _chunk.c.deadline <= now,
    )


def _take(connection: Connection, rows: Select[Any], **values: Any) -> list[Claimed]:
    # Two statements, because PostgreSQL may run a locking subquery more than once and lock too much.
    ids = connection.execute(skip_locked(connection, rows)).scalars().all()
    if not ids:
        return []
    taken = connection.execute(
        update(_chunk)
        .where(_chunk.c.id.in_(ids))
        .values(**values)
        .returning(*(_chunk.c[name] for name in _CLAIMED))
    )
    return [Claimed(*row) for row in sorted(taken)]


def _fenced(chunk: Claimed, state: int) -> Update:
    return update(_chunk).where(
        _chunk.c.id == chunk.id,
        _chunk.c.state == lit(state),
        _chunk.c.owner == chunk.owner,
        _chunk.c.attempt == chunk.attempt,
    )


_END = (
    update(_chunk)
    .where(
        _chunk.c.id == bindparam("chunk_id"),
        _chunk.c.state == lit(models.CALLING),
        _chunk.c.owner == bindparam("by"),
        _chunk.c.attempt == bindparam("in_attempt"),
    )
    .values(
        state=bindparam("to"),
        due=func.coalesce(bindparam("then", type_=BigInteger), _chunk.c.due),
        deadline=func.coalesce(bindparam("until", type_=BigInteger), _chunk.c.deadline),
        **_FREE,
    )
)


def _end_of(conclusion: Conclusion) -> dict[str, Any]:
    """The parameters of _END."""
    chunk = conclusion.chunk
    state, then, until = models.DONE, None, None
    if conclusion.retry_at is not None:
        state, then = models.READY, conclusion.retry_at
    elif conclusion.check_at is not None:
        state, then, until = models.UNKNOWN, conclusion.check_at, conclusion.deadline
    fence = {"chunk_id": chunk.id, "by": chunk.owner, "in_attempt": chunk.attempt}
    return {**fence, "to": state, "then": then, "until": until}


def _resend_late(connection: Connection, conclusion: Conclusion, now: int) -> None:
    """Send what a late answer shows as certainly not sent, if this was the chunk's last call."""
    chunk, dues = conclusion.chunk, [requeue.due for requeue in conclusion.again]
    dues += [] if conclusion.retry_at is None else [conclusion.retry_at]
    same_call = select(_chunk.c.id).where(
        _chunk.c.id == chunk.id, _chunk.c.state == lit(models.UNKNOWN), _chunk.c.attempt == chunk.attempt
    )
    if dues and connection.execute(same_call).first() is not None:
        unsent = set(range(chunk.count)) - {row.seq for row in conclusion.rows}
        _resend(connection, chunk, sorted(unsent), now=now, due=max(dues), deadline=chunk.deadline)
        close_settled(connection, [chunk.id])


def _resend(
    connection: Connection, chunk: Claimed, places: Sequence[int], *, now: int, due: int, deadline: int
) -> None:
    # Only rows that are still open move: a receipt may have proved acceptance since the look-up.
    if not places:
        return
    table = models.message
    open_places = connection.execute(
        delete(table)
        .where(
            table.c.chunk_id == chunk.id,
            table.c.seq.in_(places),
            table.c.status == lit(MessageStatus.CALLING),
        )
        .returning(table.c.seq)
    ).scalars()
    moved = chunk.recipients.pick(sorted(open_places))
    if moved.phones:
        blob = (len(moved.phones), encode(moved))
        insert_chunks(connection, chunk.channel, chunk.batch_id, [blob], now=now, due=due, deadline=deadline)
