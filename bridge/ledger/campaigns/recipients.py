"""The recipients of one campaign to the last, piece by piece in bounded memory, however many there are.

Each piece begins behind the last place of the one before it, so that an export of millions costs no more a
piece than one of hundreds, and goes on while messages change. `turning` shows one page of them to people.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from bridge.clock import FOREVER_MS

from ...plugin import MessageStatus
from ...plugin.status import FAILED, FIRST_FINAL
from ..blobs import decode
from ..database import tables
from ..database.engine import Database

_BATCHES = 100
"""At most so many batches are read together: their recipients are what is held in memory.

Who looks at the beginning alone reads little: it begins with one, and doubles.
"""

_send, _batch, _message, _tally = tables.send, tables.batch, tables.message, tables.tally


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a campaign; times in milliseconds. `status` None: waits, or is just being called.

    `account`: the name of the one that was called last, or is to be; "" for none yet.
    """

    send_id: int
    out_id: str
    batch_id: int
    seq: int
    phone: str = field(repr=False)
    account: str
    status: MessageStatus | None
    code: str = ""
    reason: str = ""
    vendor_id: str = ""
    segments: int = 0
    sent: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which recipients are wanted: of any of these statuses and codes, of all where there are none.

    `waiting`: those too that have no status yet. `ended`: False for those alone. `since`, `until`: only what
    was sent in this span (milliseconds).
    """

    statuses: Collection[MessageStatus] = ()
    codes: Collection[str] = ()
    waiting: bool = True
    ended: bool = True
    since: int = 0
    until: int = FOREVER_MS

    @property
    def all_of_them(self) -> bool:
        """True when every recipient is wanted."""
        always = not self.since and self.until == FOREVER_MS
        return always and self.waiting and self.ended and not self.statuses and not self.codes

    @property
    def failed(self) -> bool:
        """True when nothing is wanted but what failed or ended unknown."""
        return bool(self.statuses) and not self.uncalled and FAILED.issuperset(self.statuses)

    @property
    def uncalled(self) -> bool:
        """True when those are wanted that have no status yet; they have no code either."""
        return self.waiting and not self.codes

    @property
    def counted(self) -> bool:
        """True when the totals of a send tell whether it has any that is wanted."""
        return bool(self.codes) or (bool(self.statuses) and not self.waiting)


class CampaignRecipients:
    """Walks through the recipients of campaigns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pages(self, campaign_id: int, wanted: Filter) -> Iterator[list[Recipient]]:
        """Yield the recipients in order of acceptance. No transaction is open between pages."""
        many = 1
        for send_id, out_id in self._sends(campaign_id, wanted):
            after = 0
            while batches := self._batches(send_id, after, wanted, many):
                ids = [one.id for one in batches]
                after, many = ids[-1], min(2 * many, _BATCHES)
                with self._database.read() as connection:
                    page = _page(connection, send_id, out_id, ids, wanted)
                if page:
                    yield page

    def _sends(self, campaign_id: int, wanted: Filter) -> Iterator[tuple[int, str]]:
        after = 0
        while True:
            rows = (
                select(_send.c.id, _send.c.out_id)
                .where(_send.c.campaign_id == campaign_id, _send.c.id > after)
                .order_by(_send.c.id)
                .limit(1000)
            )
            rows = rows.where(*of_sends(wanted))
            with self._database.read() as connection:
                found = connection.execute(rows).all()
            yield from ((row.id, row.out_id) for row in found)
            if not found:
                return
            after = found[-1].id

    def _batches(self, send_id: int, after: int, wanted: Filter, many: int) -> Sequence[Any]:
        rows = select(_batch.c.id).where(_batch.c.send_id == send_id, _batch.c.id > after)
        if not wanted.ended:
            rows = rows.where(_batch.c.state.in_(WAITING))
        with self._database.read() as connection:
            return connection.execute(rows.order_by(_batch.c.id).limit(many)).all()


WAITING = (tables.READY, tables.CALLING)
"""The states of a batch whose recipients have no status yet."""


def of_sends(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return the conditions for the sends that may have recipients that are wanted."""
    found: list[ColumnElement[bool]] = []
    if wanted.until < FOREVER_MS:
        found.append(_send.c.created < wanted.until)
    if wanted.counted:
        found.append(_has_counted(wanted))
    return found


def _has_counted(wanted: Filter) -> ColumnElement[bool]:
    """Tell a send whose totals have any that is wanted."""
    rows = select(_tally.c.send_id).where(_tally.c.send_id == _send.c.id, _tally.c.count != 0)
    if wanted.statuses:
        rows = rows.where(_tally.c.status.in_([int(one) for one in wanted.statuses]))
    if wanted.codes:  # of what has not ended no code is counted
        open_ = _tally.c.status < int(FIRST_FINAL)
        rows = rows.where(or_(open_, _tally.c.code.in_(list(wanted.codes))))
    return rows.exists()


def of_messages(batch_ids: Sequence[int], wanted: Filter) -> list[ColumnElement[bool]]:
    """Return the conditions for the messages of some batches that are wanted."""
    found: list[ColumnElement[bool]] = [_message.c.batch_id.in_(batch_ids)]
    if wanted.since or wanted.until < FOREVER_MS:
        found.append(_message.c.sent.between(wanted.since, wanted.until - 1))
    if wanted.statuses:
        found.append(_message.c.status.in_([int(one) for one in wanted.statuses]))
    if wanted.codes:
        found.append(_message.c.code.in_(list(wanted.codes)))
    return found


def _page(
    connection: Connection, send_id: int, out_id: str, batch_ids: Sequence[int], wanted: Filter
) -> list[Recipient]:
    """Return the recipients of some batches: one consistent state, so that none is missed between two."""
    columns = (_batch.c.id, _batch.c.state, _batch.c.account, _batch.c.recipients)
    batches = connection.execute(select(*columns).where(_batch.c.id.in_(batch_ids))).all()
    accounts = {row.id: row.account for row in batches}
    page = [
        Recipient(send_id, out_id, row.id, seq, phone, row.account, None)
        for row in batches
        if wanted.uncalled and row.state in WAITING
        for seq, phone in enumerate(phones_of(row.recipients))
    ]
    if not wanted.ended:
        return sorted(page, key=lambda one: (one.batch_id, one.seq))
    rows = select(_message).where(*of_messages(batch_ids, wanted))
    page += [
        recipient_of(row, send_id, out_id, accounts.get(row.batch_id, "")) for row in connection.execute(rows)
    ]
    return sorted(page, key=lambda one: (one.batch_id, one.seq))


def recipient_of(row: Row[Any], send_id: int, out_id: str, account: str) -> Recipient:
    """Return the recipient of a message that is recorded."""
    return Recipient(
        send_id,
        out_id,
        row.batch_id,
        row.seq,
        row.phone,
        account,
        MessageStatus(row.status),
        row.code,
        row.reason,
        row.vendor_id,
        row.segments,
        row.sent,
        row.ended_at,
    )


def phones_of(blob: bytes) -> Sequence[str]:
    """Return the numbers of a batch that waits."""
    try:
        return decode(blob).phones
    except (ValueError, TypeError, KeyError, AttributeError):
        return []  # held back before its call, and says so there
