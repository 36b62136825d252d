"""Messages whose outcome is not known, for a person: what there are, and a person's decision to send them."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Select, func, select, update

from ..audit import Act, note
from ..database import tables
from ..database.dialects import lit
from ..database.engine import Database, wake
from ..reports.receipts import close_settled
from .claiming import CLAIMED, claimed
from .decisions import RESEND, decided, decided_further
from .joining import CampaignState
from .resending import move_again
from .sends import Waits

_batch, _message, _send, _campaign = tables.batch, tables.message, tables.send, tables.campaign
_PIECE = 200


@dataclass(frozen=True, slots=True)
class UnknownBatch:
    """A batch with messages of unknown outcome; times are milliseconds.

    `due`: when the vendor is asked next. `deadline`: when the channel's policy for unknown outcomes applies.
    `decision`: by which its messages were sent once more already, 0 for none. `hold`: Hold.NOBODY once
    it was found that nobody can be asked.
    """

    id: int
    send_id: int
    channel: str
    out_id: str
    template_code: str
    account: str
    identity: str
    called: int
    due: int
    deadline: int
    decision: int
    hold: str
    messages: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which messages are meant: of a channel, and there only of some batches or of one outId."""

    channel: str
    batches: Collection[int] = ()
    out_id: str = ""


@dataclass(frozen=True, slots=True)
class Resent:
    """What a decision moved, and its id; 0 when nothing was there to move."""

    decision: int
    messages: int
    batches: int


class Unknowns:
    """Batches whose outcome is not known."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, chosen: Chosen, *, limit: int | None = None) -> list[UnknownBatch]:
        """Return the batches meant that have an open message, the oldest call first."""
        names = ("id", "send_id", "account", "identity", "called", "due", "deadline", "decision", "hold")
        columns = [_batch.c[name] for name in names]
        columns += [_send.c[name] for name in ("channel", "out_id", "template_code")]
        rows = (
            select(*columns, func.count().label("messages"))
            .join_from(_batch, _send, _send.c.id == _batch.c.send_id)
            .join(_message, _message.c.batch_id == _batch.c.id)
            .where(*_meant(chosen), tables.IN_QUESTION)
            .group_by(*columns)
            .order_by(_batch.c.called, _batch.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [UnknownBatch(**row._mapping) for row in connection.execute(rows)]

    def resendable(self, chosen: Chosen) -> int:
        """Return how many messages a decision would send once more: undecided, and not cancelled."""
        rows = (
            select(func.count())
            .join_from(_message, _batch, _batch.c.id == _message.c.batch_id)
            .where(*_meant(chosen), tables.IN_QUESTION, _batch.c.decision == 0, _sendable())
        )
        with self._database.read() as connection:
            return int(connection.execute(rows).scalar_one())

    def resend(self, chosen: Chosen, act: Act, *, deadline: int) -> Resent:
        """Send messages of unknown outcome once more, by a person's decision; none of them twice.

        They move into READY batches with references of their own, those that a receipt settled meanwhile
        left out. Many batches take several transactions: each keeps what it moved with the decision.
        """
        total = Resent(0, 0, 0)
        while True:
            before = total

            def work(connection: Connection, before: Resent = before) -> Resent:
                return _move(connection, chosen, act, before, deadline=deadline)

            total = self._database.write(work)
            if total.batches == before.batches:
                return total


def _sendable() -> ColumnElement[bool]:
    """Return the condition for batches that may be called once more: their campaign was not cancelled."""
    of_cancelled = (
        select(_send.c.id)
        .join(_campaign, _campaign.c.id == _send.c.campaign_id)
        .where(_send.c.id == _batch.c.send_id, _campaign.c.state == lit(CampaignState.CANCELLED))
    )
    return ~of_cancelled.correlate(_batch).exists()


def _meant(chosen: Chosen) -> list[ColumnElement[bool]]:
    meant = [_batch.c.channel == chosen.channel, _batch.c.state == lit(tables.UNKNOWN)]
    if chosen.batches:
        meant.append(_batch.c.id.in_(chosen.batches))
    if chosen.out_id:
        of_task = select(_send.c.id).where(_send.c.channel == chosen.channel, _send.c.out_id == chosen.out_id)
        meant.append(_batch.c.send_id.in_(of_task))
    return meant


def _move(connection: Connection, chosen: Chosen, act: Act, before: Resent, *, deadline: int) -> Resent:
    """Move the next batches that no decision moved before. Returns the new total."""
    now = act.at
    batches = claimed(connection.execute(_next(chosen)))
    if not batches:
        return before
    decision = before.decision
    if not decision:
        decision = decided(connection, chosen.channel, RESEND, act.why, now)
        note(connection, replace(act, subject=f"decision {decision}"))
    moved = 0
    for batch in batches:
        # Named first, so that what is not open any more is not looked at again.
        connection.execute(update(_batch).where(_batch.c.id == batch.id).values(decision=decision))
        seqs = range(len(batch.recipients.phones))
        waits = Waits(now, deadline, decision)
        moved += move_again(connection, batch, seqs, waits, now=now, absent=False)
    close_settled(connection, [batch.id for batch in batches])
    decided_further(connection, decision, moved)
    wake(connection)
    return Resent(decision, before.messages + moved, before.batches + len(batches))


def _next(chosen: Chosen) -> Select[tuple[object, ...]]:
    return (
        select(*CLAIMED)
        .where(*_meant(chosen), _batch.c.decision == 0, _sendable())
        .order_by(_batch.c.id)
        .limit(_PIECE)
        .with_for_update()
    )
