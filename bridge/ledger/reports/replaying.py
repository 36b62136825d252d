"""Telling Quick Audience once more what ended in a span of time, also what it had confirmed."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, tuple_, update

from bridge.clock import DAY_MS

from ...plugin.status import FIRST_FINAL
from ..audit import Act, note
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

    One that is interrupted has pushed a part; done again, it pushes that part once more.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def receipts(self, window: Window, now: int) -> int:
        """Push the ends of messages again. Returns how many."""
        total, after = 0, Place(0, 0)
        while True:
            rows = self._database.write(
                lambda connection, after=after: _ends(connection, window, after, now)  # type: ignore[misc]
            )
            if not rows:
                return total
            total += len(rows)
            after = Place(rows[-1].batch_id, rows[-1].seq)

    def replies(self, window: Window, now: int) -> int:
        """Push replies again. Returns how many."""
        total, after = 0, 0
        while True:
            rows = self._database.write(
                lambda connection, after=after: _replies(connection, window, after, now)  # type: ignore[misc]
            )
            if not rows:
                return total
            total += len(rows)
            after = rows[-1].id

    def given_up(self, window: Window, act: Act) -> int:
        """Push what was given up in the span once more, and note the act. Returns how many callbacks."""
        now = act.at
        dead = (
            update(_push)
            .where(
                _push.c.channel == window.channel,
                _push.c.dead == tables.GIVEN_UP,
                _push.c.created.between(window.since, window.until),
                *_meant(_push.c.out_id, window),
            )
            .values(dead=tables.WAITING, due=now, attempt=0, created=now)
        )

        def work(connection: Connection) -> int:
            count = connection.execute(dead).rowcount
            after = {**(act.after or {}), "waiting": count}
            note(connection, replace(act, before={"given_up": count}, after=after))
            return count

        return self._database.write(work)


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
