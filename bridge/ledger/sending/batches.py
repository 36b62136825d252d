"""The life of a batch: claimed, called, recorded; or unknown, and settled.

READY -> CALLING -> DONE is the plain way. A lapsed lease or a lost answer makes it UNKNOWN with a message row
(status CALLING) for each recipient in question; receipts, look-ups and the deadline settle those rows one by
one. Only proof that the vendor did not take a message puts it into a READY batch again.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import compress
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Update,
    bindparam,
    func,
    or_,
    select,
    update,
)

from ...plugin import DeliveryReceipt, MessageStatus
from ...plugin.status import ANSWERED, FINAL
from .. import moved, tally
from ..blobs import encode
from ..database import tables
from ..database.bulk import Climb, MessageRow, clean, insert_messages
from ..database.dialects import lit
from ..database.engine import Database
from ..refs import Place, message_ref
from ..reports.outbox import Ended, enqueue_receipts
from ..reports.parking import Awaited, awaited
from ..reports.receipts import Receipts, close_settled
from ..reports.segments import keep, totals
from ..scope import Callee, Holder, Scope, Source
from ..suppressions import suppress
from . import attempts, leaving
from .attempts import Attempt
from .calls import Claimed, Conclusion, Recorded, Requeue, Settlement
from .claiming import (
    CALL,
    READY,
    READY_AT,
    claimed,
    cut_for,
    ids_of,
    past_deadline,
    pick_ready,
    pick_ready_at,
    take_over,
    take_to_end,
    unknown_after,
    unknown_due,
)
from .holds import NO_HOLD, Hold
from .resending import move_again, resend_late
from .sends import Assigned, Waits, insert_batches

_batch = tables.batch


class Batches:
    """Claims and ends of batches."""

    def __init__(self, database: Database, receipts: Receipts) -> None:
        self._database = database
        self._receipts = receipts

    def claim(
        self,
        connection: Connection,
        scope: Scope,
        holder: Holder,
        callee: Callee,
        *,
        limit: int,
        most: int | None = None,
    ) -> list[Claimed]:
        """Take up to `limit` due batches: READY -> CALLING, to be committed before the vendor is called.

        `callee` names the vendor account that will be called. Of a batch with more than `most` messages, or
        more than the account takes at once, the rest waits as a batch of its own.
        """
        ready: dict[str, int | str] = {"in_channel": scope.channel, "at": scope.now, "most": limit}
        if not callee.alone:
            ready["of_account"] = callee.account
        picked = pick_ready(connection) if callee.alone else pick_ready_at(connection)
        ids = ids_of(connection, connection.execute(picked, ready), callee, scope.now)
        if not ids:
            return []
        call = {
            "ids": ids,
            "by": holder.owner,
            "of_identity": callee.identity,
            "of_account": callee.account,
            "until": scope.now + holder.lease_ms,
            "at": scope.now,
        }
        batches = claimed(connection.execute(CALL, call))
        return [cut_for(connection, batch, callee, most, scope.now) for batch in batches]

    def has_due(self, channel: str, now: int, account: str | None = None) -> bool:
        """Return whether there is anything to claim; a read, so that idle workers do not write.

        `account`: only what that one of several is to take.
        """
        ready: dict[str, int | str] = {"in_channel": channel, "at": now, "most": 1}
        if account is not None:
            ready["of_account"] = account
        with self._database.read() as connection:
            due = connection.execute(READY if account is None else READY_AT, ready)
            return due.first() is not None

    def hasten(self, channel: str, now: int) -> int:
        """Make what waits for its next attempt due at once.

        Returns how many batches.
        """
        # A part of a batch that was not taken waits as a batch without an attempt of its own.
        tried = or_(_batch.c.attempt > 0, _batch.c.hold.not_in(["", Hold.POLICY, Hold.CAMPAIGN]))
        waiting = (
            update(_batch)
            .where(
                tables.UNFINISHED,
                _batch.c.channel == channel,
                _batch.c.state == lit(tables.READY),
                _batch.c.due > now,
                tried,
            )
            .values(due=now)
        )
        return self._database.write(lambda connection: connection.execute(waiting).rowcount)

    def claim_expired(
        self, channels: Collection[str], holder: Holder, *, limit: int, now: int
    ) -> list[Claimed]:
        """Take READY batches past their deadline, of paused channels too; they expire, never called."""
        rows = past_deadline(channels, now).limit(limit)
        return self._database.write(lambda connection: take_to_end(connection, rows, holder, now))

    def has_expired(self, channels: Collection[str], now: int) -> bool:
        """Return whether anything has expired; a read of all that waits, which keeps no writer waiting."""
        with self._database.read() as connection:
            return connection.execute(past_deadline(channels, now).limit(1)).first() is not None

    def claim_lapsed(
        self, channels: Collection[str], holder: Holder, *, limit: int, now: int, apart_ms: int = 0
    ) -> list[Claimed]:
        """Take over CALLING batches whose lease lapsed; their outcome is unknown, never called again.

        `apart_ms`: by how much the clock of who holds a lease may be behind.
        """
        lapsed = _batch.c.state == lit(tables.CALLING), _batch.c.lease < now - apart_ms
        rows = select(_batch.c.id).where(_batch.c.channel.in_(channels), *lapsed).limit(limit)
        return self._database.write(
            lambda connection: take_over(connection, rows, owner=holder.owner, lease=now + holder.lease_ms)
        )

    def claim_unknown(
        self,
        channel: str,
        holder: Holder,
        *,
        limit: int,
        now: int,
        after: int | None = None,
        accounts: Collection[str] | None = None,
    ) -> list[Claimed]:
        """Take UNKNOWN batches that are due for a look-up or for their deadline.

        `after`: those behind a batch's id instead, in the order of their ids, due or not. `accounts`: only
        what was called at these.
        """
        free = or_(_batch.c.lease.is_(None), _batch.c.lease < now)
        found = unknown_due(channel, now) if after is None else unknown_after(channel, after)
        if accounts is not None:
            found = found.where(_batch.c.account.in_(accounts))
        rows = found.where(free).limit(limit)
        return self._database.write(
            lambda connection: take_over(connection, rows, owner=holder.owner, lease=now + holder.lease_ms)
        )

    def open_messages(self, batch_id: int) -> Sequence[tuple[int, str, int]]:
        """Return the message rows of a batch whose outcome is unknown: seq, phone, segments."""
        table = tables.message
        with self._database.read() as connection:
            rows = connection.execute(
                select(table.c.seq, table.c.phone, table.c.segments)
                .where(table.c.batch_id == batch_id, table.c.status == lit(MessageStatus.CALLING))
                .order_by(table.c.seq)
            )
            return [(row.seq, row.phone, row.segments) for row in rows]

    def in_doubt(self, batch_id: int) -> dict[int, int]:
        """Return the seqs of messages that an earlier call may have brought, with the price of each."""
        with self._database.read() as connection:
            return moved.in_doubt(connection, batch_id)

    def record(self, connection: Connection, conclusions: Sequence[Conclusion], now: int) -> list[Recorded]:
        """Write the ends of batches in the caller's transaction, but not of those others have taken over.

        A stale result is still evidence: what it says was accepted, rejected or not sent settles messages.
        """
        ours = [connection.execute(_END, _end_of(one)).rowcount > 0 for one in conclusions]
        waits = awaited(
            connection, [(one.batch.channel, one.batch.id) for one in compress(conclusions, ours)]
        )
        rows = [row for one in compress(conclusions, ours) for row in _whole_rows(one)]
        if waits.called_again:
            rows = [_without_end(row) if waits.may_be_delivered(row) else row for row in rows]
        insert_messages(connection, rows)
        tally.added(connection, rows)
        attempts.note(connection, [(one.batch.id, one.attempt) for one in conclusions if one.attempt])
        keep(connection, [segment for one in conclusions for segment in one.segments])
        return [
            self._record(connection, one, waits, now) if is_ours else self._record_stale(connection, one, now)
            for one, is_ours in zip(conclusions, ours, strict=True)
        ]

    def _record(self, connection: Connection, conclusion: Conclusion, waits: Awaited, now: int) -> Recorded:
        """Return all that follows from a batch's end and its message rows."""
        for requeue in conclusion.again:
            _queue_again(connection, conclusion.batch, requeue, now)
        ends = [
            Ended(row.phone, row.status, row.sent, row.ended_at or now, row.code, row.reason)
            for row in conclusion.rows
            # Without a phone the person was forgotten.
            if row.status in FINAL and row.phone and not waits.may_be_delivered(row)
        ]
        scope = Scope(conclusion.batch.channel, now, conclusion.pushes)
        if conclusion.pushes:
            enqueue_receipts(connection, scope, {conclusion.out_id: ends})
        suppress(connection, scope, conclusion.sign_name, conclusion.opted_out, "vendor")
        if scope.channel in waits.channels:
            ends += self._what_waited(connection, scope, conclusion, waits)
        return Recorded(ends=ends)

    def _what_waited(
        self, connection: Connection, scope: Scope, conclusion: Conclusion, waits: Awaited
    ) -> list[Ended]:
        """Apply the receipts that came during the call: first those on earlier calls, which may have arrived.

        What none of them shows to be delivered ends as the call did.
        """
        batch, receipts = conclusion.batch, self._receipts
        ends: list[Ended] = []
        if leads := waits.leads.get(batch.id):
            ends += receipts.unpark_earlier(connection, scope, leads)
            failed = [_end(row, scope.now) for row in conclusion.rows if waits.may_be_delivered(row)]
            ends += receipts.apply_climbs(connection, scope, failed)
        called = Source(batch.account, batch.identity, frozenset()) if batch.account else None
        vendor_ids = {row.vendor_id for row in conclusion.rows}
        vendor_ids |= {one.vendor_id for one in conclusion.segments}
        return ends + receipts.unpark(connection, scope, batch.id, vendor_ids, called)

    def _record_stale(self, connection: Connection, conclusion: Conclusion, now: int) -> Recorded:
        """Apply the answer to a call that another took over: like a receipt it may wait for its message."""
        batch = conclusion.batch
        scope = Scope(batch.channel, now, conclusion.pushes)
        intake = self._receipts.apply_in(connection, scope, _evidence(conclusion.rows))
        suppress(connection, scope, conclusion.sign_name, conclusion.opted_out, "vendor")
        resend_late(connection, conclusion, now)
        return Recorded(stale=True, ends=intake.ends)

    def settle(self, settlement: Settlement, now: int) -> Recorded:
        """Write what was learned about an UNKNOWN batch; DONE once no message of it is open."""

        def work(connection: Connection) -> Recorded:
            batch = settlement.batch
            hold = "" if settlement.askable else str(Hold.NOBODY)
            if not connection.execute(
                _fenced(batch, tables.UNKNOWN).values(due=settlement.check_at, hold=hold, **_FREE)
            ).rowcount:
                return self._settle_stale(connection, settlement, now)
            waits = Waits(settlement.resend_due, settlement.resend_deadline, batch.decision)
            for seqs, absent in ((settlement.resend, True), (settlement.unproved, False)):
                move_again(connection, batch, seqs, waits, now=now, absent=absent)
            keep(connection, settlement.segments)
            scope = Scope(batch.channel, now, settlement.pushes)
            ends = self._receipts.apply_climbs(connection, scope, settlement.climbs)
            suppress(connection, scope, settlement.sign_name, settlement.opted_out, "vendor")
            close_settled(connection, [batch.id])
            return Recorded(ends=ends)

        return self._database.write(work)

    def _settle_stale(self, connection: Connection, settlement: Settlement, now: int) -> Recorded:
        """Apply what a look-up found while a decision or a report moved the messages: as receipts do."""
        # That nobody knows is the bridge's own word, and true of where the messages stood only.
        found = [climb for climb in settlement.climbs if climb.status != MessageStatus.UNKNOWN]
        scope = Scope(settlement.batch.channel, now, settlement.pushes)
        keep(connection, settlement.segments)
        intake = self._receipts.apply_in(connection, scope, _evidence(found))
        suppress(connection, scope, settlement.sign_name, settlement.opted_out, "vendor")
        return Recorded(stale=True, ends=intake.ends)


_FREE: dict[str, Any] = {"owner": None, "lease": None}


def _fenced(batch: Claimed, state: int) -> Update:
    return update(_batch).where(
        _batch.c.id == batch.id,
        _batch.c.state == lit(state),
        _batch.c.owner == batch.owner,
        _batch.c.attempt == batch.attempt,
    )


_END = (
    update(_batch)
    .where(
        _batch.c.id == bindparam("batch_id"),
        _batch.c.state == lit(tables.CALLING),
        _batch.c.owner == bindparam("by"),
        _batch.c.attempt == bindparam("in_attempt"),
    )
    .values(
        state=bindparam("to"),
        due=func.coalesce(bindparam("then", type_=BigInteger), _batch.c.due),
        deadline=func.coalesce(bindparam("until", type_=BigInteger), _batch.c.deadline),
        hold=bindparam("why"),
        hold_words=bindparam("words"),
        yields=bindparam("yielding", type_=BigInteger),
        barred=bindparam("barring"),
        **_FREE,
    )
)


def _end_of(conclusion: Conclusion) -> dict[str, Any]:
    """Return the parameters of _END."""
    batch = conclusion.batch
    state, then, until, why = tables.DONE, None, None, NO_HOLD
    if conclusion.retry_at is not None:
        state, then, why = tables.READY, conclusion.retry_at, conclusion.why
    elif conclusion.check_at is not None:
        state, then, until = tables.UNKNOWN, conclusion.check_at, conclusion.deadline
    fence = {"batch_id": batch.id, "by": batch.owner, "in_attempt": batch.attempt}
    told = {"why": why.hold, "words": clean(why.words)}
    elsewhere = {"yielding": conclusion.yields, "barring": conclusion.barred}
    return {**fence, **told, **elsewhere, "to": state, "then": then, "until": until}


def _whole_rows(conclusion: Conclusion) -> Sequence[MessageRow]:
    """Return the rows with as many segments as the vendor gave ids for."""
    if not conclusion.segments:
        return conclusion.rows
    numbers = totals(conclusion.segments)
    return [
        row._replace(segments=max(row.segments, numbers.get(Place(row.batch_id, row.seq), 0)))
        for row in conclusion.rows
    ]


def _without_end(row: MessageRow) -> MessageRow:
    """Return a row as it is until it is known whether an earlier call was delivered."""
    return row._replace(status=int(MessageStatus.CALLING), vendor_id="", code="", reason="", ended_at=None)


def _end(row: MessageRow, now: int) -> Climb:
    at = row.ended_at or now
    return Climb(row.batch_id, row.seq, row.status, row.vendor_id, row.code, row.reason, at)


def _evidence(rows: Iterable[MessageRow | Climb]) -> list[DeliveryReceipt]:
    """Return what a vendor answered as reports on the messages, wherever they stand by now."""
    return [
        DeliveryReceipt(
            MessageStatus(row.status),
            message_ref(row.batch_id, row.seq),
            vendor_id=row.vendor_id,
            code=row.code,
            reason=row.reason,
        )
        for row in rows
        if row.status in ANSWERED
    ]


def _queue_again(connection: Connection, batch: Claimed, requeue: Requeue, now: int) -> None:
    """Put a part of a batch that was not sent into a batch of its own."""
    blob = (len(requeue.recipients.phones), encode(requeue.recipients))
    assigned = Assigned(requeue.account, requeue.yields, requeue.barred)
    waits = Waits(requeue.due, batch.deadline, batch.decision, requeue.why, assigned)
    [made] = insert_batches(connection, Scope(batch.channel, now), batch.send_id, [blob], waits)
    _follow(connection, batch, made, requeue.attempt)
    if requeue.attempt is None or batch.called is None:
        moved.follow(connection, batch.id, made, requeue.seqs)
    else:
        leaving.note(connection, batch.id, made, requeue.seqs, batch.called)


def _follow(connection: Connection, batch: Claimed, made: int, attempt: Attempt | None) -> None:
    """Let the attempts of a batch be known of the part that goes on as `made`."""
    if batch.called is not None:
        attempts.follow(connection, batch.id, made, before=batch.called)
    if attempt is not None:
        attempts.note(connection, [(made, attempt)])
