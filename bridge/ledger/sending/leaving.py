"""What a vendor said it did not take goes on under another reference; where it was called stays known.

Should the vendor report on it all the same, the report finds the message, and not that of another account.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bridge.clock import FOREVER_MS

from .. import moved
from ..database import tables
from ..database.dialects import lit
from ..moved import REFUSED, Unsized
from ..refs import new_id
from ..scope import Scope
from . import attempts

_batch = tables.batch
_ANEW = {"state": tables.READY, "attempt": 0, "called": None, "identity": "", "owner": None, "lease": None}
_LEFT = {"state": tables.DONE, "owner": None, "lease": None, "hold": "", "hold_words": "", "yields": None}


def part(connection: Connection, scope: Scope, batch_ids: Collection[int]) -> None:
    """Let batches that wait for another try go on as others: their last call is being reported on.

    Those only that the reporting account called. Nobody claims them meanwhile: they are locked.
    """
    waiting = (
        select(_batch.c.id, _batch.c.account, _batch.c.identity)
        .where(
            _batch.c.id.in_(sorted(batch_ids)),
            _batch.c.channel == scope.channel,
            _batch.c.state == lit(tables.READY),
            _batch.c.attempt > 0,
            _batch.c.called.is_not(None),
        )
        .order_by(_batch.c.id)
        .with_for_update()
    )
    for row in connection.execute(waiting).all():
        if scope.source is None or scope.source.may_know(row.account, row.identity):
            leave(connection, row.id, scope.now, {})


def leave(connection: Connection, batch_id: int, now: int, given: Mapping[str, Any]) -> int:
    """Let a batch that waits after a call go on as another, with other values. Returns its id.

    One that was claimed and never called, such as for a policy, keeps its id: nobody knows it.
    """
    if not attempts.made(connection, batch_id):
        kept = update(_batch).where(_batch.c.id == batch_id)
        connection.execute(kept.values(**_ANEW, **given))
        return batch_id
    row = connection.execute(select(_batch).where(_batch.c.id == batch_id)).one()
    made = new_id(now)
    connection.execute(insert(_batch).values({**row._mapping, **_ANEW, **given, "id": made}))
    connection.execute(update(_batch).where(_batch.c.id == batch_id).values(**_LEFT))
    attempts.follow(connection, batch_id, made, before=FOREVER_MS)
    values = row._mapping
    note(connection, batch_id, made, range(values["count"]), values["called"] or now)
    return made


def note(connection: Connection, batch_id: int, made: int, seqs: Sequence[int], called: int) -> None:
    """Keep where messages stood that the vendor did not take; in `made` they stand in this order."""
    rows = [Unsized(seq, called) for seq in seqs]
    moved.note(connection, batch_id, made, rows, absent=REFUSED)
