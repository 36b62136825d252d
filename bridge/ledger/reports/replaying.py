"""Telling Quick Audience once more what ended in a span of time, also what it had confirmed."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, tuple_, update

from bridge.clock import DAY_MS

from ...plugin.status import FIRST_FINAL
from ..audit import Act, note, tell_after
from ..database import tables
from ..database.engine import Database
from ..refs import AHEAD_MS, Place
from ..scope import Scope
from .outbox import Ended, Replied, enqueue_receipts, enqueue_replies

_batch, _message, _push, _reply, _send = (
    tables.batch,
    tables.message,
    tables.push,
    tables.reply,
    tables.send,
)
_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Window:
    """What is meant: of a channel, what ended or came from `since` to `until`; "" for any outId.

    `campaign`: the id of the one whose outIds are meant, 0 for any.

    `reach_ms`: the longest time between a batch's making and the end of its messages.
    """

    channel: str
    since: int
    until: int
    out_id: str = ""
    reach_ms: int = 30 * DAY_MS
    campaign: int = 0


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many receipts and replies are pushed again, and how many callbacks that were given up."""

    receipts: int = 0
    replies: int = 0
    given_up: int = 0


class Replaying:
    """Writes ends and replies to the outbox anew; a page a transaction, so that nobody waits long.

    One that is interrupted has pushed a part, and the act says how much; done again, it pushes that part
    once more.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def replay(self, window: Window, act: Act, *, receipts: bool) -> Replayed:
        """Push all of a window again, with the ends of messages if `receipts`. Returns how many of each.

        The act is noted with the first of it, and counts on with each page.
        """
        going = _Going(window, act)
        self._database.write(going.begin)
        for turn in ([going.ends] if receipts else []) + [going.replies]:
            while self._database.write(turn):
                going.keep()
        return going.done


class _Going:
    """One replay on its way; what a transaction did is kept by `keep`, after its commit."""

    def __init__(self, window: Window, act: Act) -> None:
        self.done = Replayed()
        self._window = window
        self._act = act
        self._act_id = 0
        self._place = Place(0, 0)
        self._reply_id = 0
        self._next: tuple[Replayed, Place, int] = (self.done, self._place, 0)

    def begin(self, connection: Connection) -> None:
        """Push what was given up in the span, and note the act."""
        window, now = self._window, self._act.at
        dead = update(_push).where(
            _push.c.channel == window.channel,
            _push.c.dead == tables.GIVEN_UP,
            _push.c.created.between(window.since, window.until),
            *_meant(_push.c.out_id, window),
        )
        values = dead.values(dead=tables.WAITING, due=now, attempt=0, created=now)
        self.done = Replayed(given_up=connection.execute(values).rowcount)
        before = {"given_up": self.done.given_up}
        self._act_id = note(connection, replace(self._act, before=before, after=self._told(self.done)))

    def ends(self, connection: Connection) -> bool:
        """Push the next page of ends. Returns False behind the last."""
        rows = _ends(connection, self._window, self._place, self._act.at)
        if rows:
            done = replace(self.done, receipts=self.done.receipts + len(rows))
            self._go(connection, done, Place(rows[-1].batch_id, rows[-1].seq), self._reply_id)
        return bool(rows)

    def replies(self, connection: Connection) -> bool:
        """Push the next page of replies. Returns False behind the last."""
        rows = _replies(connection, self._window, self._reply_id, self._act.at)
        if rows:
            done = replace(self.done, replies=self.done.replies + len(rows))
            self._go(connection, done, self._place, rows[-1].id)
        return bool(rows)

    def keep(self) -> None:
        """Go on behind the page that is now in the ledger."""
        self.done, self._place, self._reply_id = self._next

    def _go(self, connection: Connection, done: Replayed, place: Place, reply_id: int) -> None:
        tell_after(connection, self._act_id, self._told(done))
        self._next = done, place, reply_id

    def _told(self, done: Replayed) -> dict[str, object]:
        counts = {"receipts": done.receipts, "replies": done.replies, "waiting": done.given_up}
        return {**(self._act.after or {}), **counts}


def _ends(connection: Connection, window: Window, after: Place, now: int) -> list[Any]:
    rows = list(connection.execute(_ended(window, after)))
    groups: dict[str, list[Ended]] = defaultdict(list)
    for row in rows:
        groups[row.out_id].append(Ended(row.phone, row.status, row.sent, row.ended_at, row.code, row.reason))
    enqueue_receipts(connection, Scope(window.channel, now), groups)
    return rows


def _ended(window: Window, after: Place) -> Select[Any]:
    # Ids grow with time: what ended in the span was made before its end, and not long before its beginning.
    low, high = (window.since - window.reach_ms) << 21, (window.until + AHEAD_MS) << 21
    rows = (
        select(_message, _send.c.out_id)
        .join_from(_message, _batch, _batch.c.id == _message.c.batch_id)
        .join(_send, _send.c.id == _batch.c.send_id)
        .where(
            _message.c.batch_id.between(max(low, after.batch_id), high),
            tuple_(_message.c.batch_id, _message.c.seq) > tuple_(after.batch_id, after.seq),
            _message.c.status >= FIRST_FINAL,
            _message.c.phone != "",  # without one the person was forgotten
            _message.c.ended_at.between(window.since, window.until),
            _send.c.channel == window.channel,
        )
        .order_by(_message.c.batch_id, _message.c.seq)
        .limit(_PAGE)
    )
    if window.campaign:
        rows = rows.where(_send.c.campaign_id == window.campaign)
    return rows.where(_send.c.out_id == window.out_id) if window.out_id else rows


def _meant(out_id: ColumnElement[str], window: Window) -> list[ColumnElement[bool]]:
    """Return the conditions that what was written under an outId is meant."""
    conditions = [out_id == window.out_id] if window.out_id else []
    if window.campaign:
        conditions.append(out_id.in_(select(_send.c.out_id).where(_send.c.campaign_id == window.campaign)))
    return conditions


def _replies(connection: Connection, window: Window, after: int, now: int) -> list[Any]:
    found = (
        select(_reply)
        .where(
            _reply.c.channel == window.channel,
            _reply.c.id > after,
            _reply.c.created.between(window.since, window.until),
            _reply.c.out_id != "",
            *_meant(_reply.c.out_id, window),
        )
        .order_by(_reply.c.id)
        .limit(_PAGE)
    )
    rows = list(connection.execute(found))
    groups: dict[str, list[Replied]] = defaultdict(list)
    for row in rows:
        groups[row.out_id].append(Replied(row.phone, row.received, row.content))
    enqueue_replies(connection, Scope(window.channel, now), groups)
    return rows
