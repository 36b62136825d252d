"""The statements by which batches are claimed."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from .. import moved
from ..blobs import Recipients, encode
from ..database import tables
from ..database.dialects import lit, made_once, skip_locked
from ..scope import Callee, Holder, Scope
from . import attempts
from .calls import Claimed
from .joining import FREE
from .leaving import leave
from .sends import Assigned, Waits, insert_batches

_batch = tables.batch

# Made once: building a statement costs as much as running it.
_PICKED = (_batch.c.id, _batch.c.attempt, _batch.c.identity)
READY = (
    select(*_PICKED)
    .where(
        tables.UNFINISHED,
        _batch.c.channel == bindparam("in_channel"),
        _batch.c.state == lit(tables.READY),
        _batch.c.due <= bindparam("at"),
        _batch.c.deadline > bindparam("at"),
        FREE,
    )
    .order_by(_batch.c.due, _batch.c.id)
    .limit(bindparam("most"))
)
pick_ready = made_once(lambda connection: skip_locked(connection, READY))
READY_AT = (
    select(*_PICKED)
    .where(
        tables.ASSIGNED,
        _batch.c.channel == bindparam("in_channel"),
        _batch.c.account == bindparam("of_account"),
        _batch.c.due <= bindparam("at"),
        _batch.c.deadline > bindparam("at"),
        FREE,
    )
    .order_by(_batch.c.due, _batch.c.id)
    .limit(bindparam("most"))
)
pick_ready_at = made_once(lambda connection: skip_locked(connection, READY_AT))
CLAIMED = [
    _batch.c.recipients.label(name) if name == "blob" else _batch.c[name]
    for name in Claimed.__dataclass_fields__
]
CALL = (
    update(_batch)
    .where(_batch.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=tables.CALLING,
        owner=bindparam("by"),
        lease=bindparam("until"),
        called=bindparam("at"),
        identity=bindparam("of_identity"),
        account=bindparam("of_account"),
        attempt=_batch.c.attempt + 1,
    )
    .returning(*CLAIMED)
)


def ids_of(connection: Connection, picked: Iterable[Row[Any]], callee: Callee, now: int) -> list[int]:
    """Return the ids of batches that will be called at an account.

    One that was called at another before, which took nothing, gets a new id: no reference is given to two.
    """
    ids = []
    for row in picked:
        ids.append(row.id)
        if row.attempt and row.identity not in ("", callee.identity):
            ids[-1] = leave(connection, row.id, now, {})
    return ids


def unknown_due(channel: str, now: int) -> Select[Any]:
    """Select the batches of unknown outcome that are due for a look-up or for their deadline."""
    return (
        select(_batch.c.id)
        .where(
            tables.UNFINISHED,
            _batch.c.channel == channel,
            _batch.c.state == lit(tables.UNKNOWN),
            _batch.c.due <= now,
        )
        .order_by(_batch.c.due, _batch.c.id)
    )


def unknown_after(channel: str, after: int) -> Select[Any]:
    """Select the batches of unknown outcome behind an id, due or not."""
    return (
        select(_batch.c.id)
        .where(
            tables.UNFINISHED,
            _batch.c.channel == channel,
            _batch.c.state == lit(tables.UNKNOWN),
            _batch.c.id > after,
        )
        .order_by(_batch.c.id)
    )


def past_deadline(channels: Collection[str], now: int) -> Select[Any]:
    """Select the batches that could not be called in time."""
    return select(_batch.c.id).where(
        tables.UNFINISHED,
        _batch.c.channel.in_(channels),
        _batch.c.state == lit(tables.READY),
        _batch.c.deadline <= now,
    )


def take_over(connection: Connection, rows: Select[Any], **values: Any) -> list[Claimed]:
    """Change the selected batches that nobody else is changing. Returns them as they are now."""
    # Two statements, because PostgreSQL may run a locking subquery more than once and lock too much.
    ids = connection.execute(skip_locked(connection, rows)).scalars().all()
    if not ids:
        return []
    taken = connection.execute(
        update(_batch).where(_batch.c.id.in_(ids)).values(**values).returning(*CLAIMED)
    )
    return claimed(taken)


def take_to_end(connection: Connection, rows: Select[Any], holder: Holder, now: int) -> list[Claimed]:
    """Take READY batches that are to be ended: as in a call, but nobody is called."""
    return take_over(
        connection,
        rows,
        state=tables.CALLING,
        owner=holder.owner,
        lease=now + holder.lease_ms,
        called=None,
        attempt=_batch.c.attempt + 1,
    )


def claimed(rows: Iterable[Row[Any]]) -> list[Claimed]:
    """Return the rows of a claim as batches, in the order of their ids."""
    return sorted((Claimed(**row._mapping) for row in rows), key=lambda batch: batch.id)


def cut_for(connection: Connection, batch: Claimed, callee: Callee, most: int | None, now: int) -> Claimed:
    """Cut a batch to what one call at the account may hold, and to `most`, if it is larger."""
    limits = [one for one in (most, callee.messages, callee.uniform) if one is not None]
    if not limits or batch.count <= min(limits):
        return batch
    recipients = _readable(batch)
    if recipients is None:
        return batch  # held back before its call, and says so there
    own = callee.uniform if recipients.uniform and callee.uniform is not None else callee.messages
    allowed = [one for one in (most, own) if one is not None]
    return cut(connection, batch, min(allowed), now) if allowed else batch


def _readable(batch: Claimed) -> Recipients | None:
    try:
        return batch.recipients
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def cut(connection: Connection, batch: Claimed, most: int, now: int) -> Claimed:
    """Keep the first `most` messages of a batch in it, and let the others wait in a new one."""
    recipients = _readable(batch) if batch.count > most else None
    if recipients is None:
        return batch
    kept = recipients.pick(range(most))
    others = recipients.pick(range(most, len(recipients.phones)))
    assigned = Assigned(batch.account, batch.yields, batch.barred)
    [made] = insert_batches(
        connection,
        Scope(batch.channel, now),
        batch.send_id,
        [(len(others.phones), encode(others))],
        # It has waited since it was due: another account may take it sooner.
        Waits(batch.due, batch.deadline, batch.decision, assigned=assigned),
    )
    attempts.follow(connection, batch.id, made, before=now)
    moved.follow(connection, batch.id, made, range(most, len(recipients.phones)))
    smaller = replace(batch, count=len(kept.phones), blob=encode(kept))
    connection.execute(
        update(_batch).where(_batch.c.id == batch.id).values(count=smaller.count, recipients=smaller.blob)
    )
    return smaller
