"""Messages that a vendor certainly did not take, or that a person sends again: into a batch of their own."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from ...plugin import MessageStatus
from .. import moved, tally
from ..blobs import encode
from ..database import tables
from ..database.dialects import lit
from ..reports.receipts import close_settled
from ..scope import Scope
from . import attempts
from .calls import Claimed, Conclusion
from .sends import Waits, insert_batches

_batch = tables.batch


def resend_late(connection: Connection, conclusion: Conclusion, now: int) -> None:
    """Send what a late answer shows as certainly not sent, if this was the batch's last call."""
    batch, dues = conclusion.batch, [requeue.due for requeue in conclusion.again]
    dues += [] if conclusion.retry_at is None else [conclusion.retry_at]
    same_call = select(_batch.c.id).where(
        _batch.c.id == batch.id, _batch.c.state == lit(tables.UNKNOWN), _batch.c.attempt == batch.attempt
    )
    if dues and connection.execute(same_call).first() is not None:
        unsent = set(range(batch.count)) - {row.seq for row in conclusion.rows}
        waits = Waits(max(dues), batch.deadline, batch.decision)
        move_again(connection, batch, sorted(unsent), waits, now=now, absent=True)
        close_settled(connection, [batch.id])


def move_again(
    connection: Connection,
    batch: Claimed,
    seqs: Sequence[int],
    waits: Waits,
    *,
    now: int,
    absent: bool,
) -> int:
    """Move messages into a READY batch of their own, with another reference. Returns how many moved.

    `absent`: because the vendor did not take them, not because somebody decides so without knowing.
    Only rows that are still open move: a receipt may have proved acceptance meanwhile.
    """
    if not seqs:
        return 0
    table = tables.message
    open_rows = connection.execute(
        delete(table)
        .where(
            table.c.batch_id == batch.id,
            table.c.seq.in_(seqs),
            table.c.status == lit(MessageStatus.CALLING),
        )
        .returning(*(table.c[name] for name in ("seq", "vendor_id", "segments", "rate", "sent")))
    ).all()
    tally.returned(connection, batch.id, open_rows)
    going = sorted(open_rows, key=lambda row: row.seq)
    if going:
        blob = (len(going), encode(batch.recipients.pick([row.seq for row in going])))
        [made] = insert_batches(connection, Scope(batch.channel, now), batch.send_id, [blob], waits)
        attempts.follow(connection, batch.id, made, before=now + 1)
        why = moved.ABSENT if absent else moved.UNPROVED
        moved.note(connection, batch.id, made, going, absent=why)
    return len(going)
