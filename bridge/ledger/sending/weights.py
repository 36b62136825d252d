"""The weights of weighted routes as they are now, why they changed, and what accounts did lately."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, case, cast, delete, func, or_, select

from bridge.clock import DAY_MS, MINUTE_MS

from ...plugin import MessageStatus
from ..audit import BRIDGE, Act, note
from ..database import tables
from ..database.bulk import clean
from ..database.dialects import upsert
from ..database.engine import Database
from ..refs import new_id
from ..scope import Callee, Scope
from ..tally import BUCKETS_S
from .account import AccountKey

_weight, _change, _throttling = tables.route_weight, tables.route_change, tables.throttling
_batch, _message, _tally, _send = tables.batch, tables.message, tables.tally, tables.send
_lease = tables.lease
_SAMPLE = 100
"""Of so many batches, the latest, the messages are looked at."""
_OLDEST_MS = 4 * DAY_MS
_WEEK_MS = 7 * DAY_MS
_FEWEST_OF_A_WEEK = 100
_KEPT_MS = 30 * DAY_MS


class Change(NamedTuple):
    """One change of an account's weight; `created` in milliseconds."""

    account: str
    before: int
    after: int
    reason: str
    created: int


class LatestOutcomes(NamedTuple):
    """What became of the messages of an account's latest batches since a moment.

    `timed`: delivered, or still to be after a time in which they are as a rule; `slow`: what takes longer.
    """

    messages: int
    refused: int
    throttled: int
    timed: int
    slow: int


class Weights:
    """The weights of all channels with weighted routes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, channel: str, goals: Mapping[str, int]) -> dict[str, int]:
        """Return every account's weight now; `goals` are the configured ones.

        A weight that was changed while others were configured counts no more.
        """
        rows = select(_weight.c.account, _weight.c.weight).where(_weight.c.channel == channel)
        with self._database.read() as connection:
            if not _changed_from(connection, channel, goals):
                return dict(goals)
            now = {row.account: row.weight for row in connection.execute(rows)}
        return {account: now.get(account, goal) for account, goal in goals.items()}

    def changes(self, channel: str, *, limit: int = 100) -> list[Change]:
        """Return the changes of a channel's weights, latest first."""
        columns = [_change.c[name] for name in Change._fields]
        rows = select(*columns).where(_change.c.channel == channel)
        with self._database.read() as connection:
            found = connection.execute(rows.order_by(_change.c.created.desc(), _change.c.id).limit(limit))
            return [Change(**row._mapping) for row in found]

    def change(self, channel: str, goals: Mapping[str, int], changes: Sequence[Change]) -> None:
        """Change weights, each with its row; what is a month old is forgotten.

        An account that is back at its configured weight needs no row.
        """

        def work(connection: Connection) -> None:
            if not _changed_from(connection, channel, goals):
                connection.execute(delete(_weight).where(_weight.c.channel == channel))
                _remember(connection, channel, goals)
            for one in changes:
                _set(connection, channel, one, goals.get(one.account))
                _note(connection, channel, one)

        self._database.write(work)

    def note_throttled(self, channel: str, counts: Mapping[str, int], now: int) -> None:
        """Count messages that accounts asked to send slower."""
        minute = now // MINUTE_MS

        def work(connection: Connection) -> None:
            for account, messages in sorted(counts.items()):
                row = {"channel": channel, "account": account, "minute": minute, "messages": messages}
                connection.execute(
                    upsert(connection, _throttling)
                    .values(**row)
                    .on_conflict_do_update(
                        index_elements=["channel", "account", "minute"],
                        set_={"messages": _throttling.c.messages + messages},
                    )
                )
            old = _throttling.c.minute < minute - 60
            connection.execute(delete(_throttling).where(_throttling.c.channel == channel, old))

        self._database.write(work, durable=False)

    def latest(self, scope: Scope, account: Callee, *, own: Collection[str], since: int) -> LatestOutcomes:
        """Return what an account did since a moment; slow is slower than the p90 of its own week before.

        `own`: codes of messages that the bridge refused itself; they say nothing of the account.
        """
        key = AccountKey(scope.channel, account.account)
        with self._database.read() as connection:
            messages, refused = _refused(connection, _latest(key, since, scope.now), own)
            # Measured against the time before: what goes wrong now must not pass for a habit.
            bound = _week_p90(connection, scope, account.identity, since)
            timed, slow = 0, 0
            if bound is not None:
                timed, slow = _slow(connection, _latest(key, since, scope.now - bound), bound, scope.now)
            throttled = connection.execute(
                select(func.coalesce(func.sum(_throttling.c.messages), 0)).where(
                    _throttling.c.channel == key.channel,
                    _throttling.c.account == key.name,
                    _throttling.c.minute >= since // MINUTE_MS,
                )
            ).scalar_one()
        return LatestOutcomes(messages, refused, int(throttled), timed, slow)


def _latest(account: AccountKey, since: int, until: int) -> Select[Any]:
    """Return the query for the latest batches that an account was called with in a span of time."""
    return (
        select(_batch.c.id)
        .where(
            _batch.c.id >= (since - _OLDEST_MS) << 21,
            _batch.c.channel == account.channel,
            _batch.c.account == account.name,
            _batch.c.called >= since,
            _batch.c.called <= until,
        )
        .order_by(_batch.c.id.desc())
        .limit(_SAMPLE)
    )


def _refused(connection: Connection, latest: Select[Any], own: Collection[str]) -> tuple[int, int]:
    """Return how many messages batches have, but those that the bridge refused, and how many were refused."""
    ids = connection.execute(latest).scalars().all()
    refusal = case((_message.c.status == MessageStatus.REJECTED, 1), else_=0)
    counts = select(func.count().label("messages"), func.coalesce(func.sum(refusal), 0).label("refused"))
    theirs = (_message.c.batch_id.in_(ids), _message.c.code.not_in(sorted(own)))
    row = connection.execute(counts.where(*theirs)).one()
    return int(row.messages), int(row.refused)


def _slow(connection: Connection, latest: Select[Any], bound: int, now: int) -> tuple[int, int]:
    """Return how many messages were delivered or are still to be, and how many of them take longer."""
    ids = connection.execute(latest).scalars().all()
    delivered = _message.c.status == MessageStatus.DELIVERED
    until = case((delivered, cast(_message.c.ended_at, BigInteger)), else_=now)
    late = case((until - _message.c.sent > bound, 1), else_=0)
    counts = select(func.count().label("told"), func.coalesce(func.sum(late), 0).label("slow"))
    timed = (_message.c.batch_id.in_(ids), or_(delivered, _message.c.status == MessageStatus.ACCEPTED))
    row = connection.execute(counts.where(*timed)).one()
    return int(row.told), int(row.slow)


def _goals_name(channel: str) -> str:
    return f"weights/{channel}/configured"


def _changed_from(connection: Connection, channel: str, goals: Mapping[str, int]) -> bool:
    """Return whether the changed weights of a channel began at these configured ones."""
    rows = select(_lease.c.cursor).where(_lease.c.name == _goals_name(channel))
    return bool(connection.execute(rows).scalar() == json.dumps(goals, sort_keys=True))


def _remember(connection: Connection, channel: str, goals: Mapping[str, int]) -> None:
    """Keep what was configured when the weights began to change, as the cursor of a lease of that name."""
    told = {"cursor": json.dumps(goals, sort_keys=True)}
    row = {"name": _goals_name(channel), "owner": "", "until": 0, **told}
    insert = upsert(connection, _lease).values(**row)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=told))


def _set(connection: Connection, channel: str, one: Change, goal: int | None) -> None:
    if one.after == goal:
        mine = (_weight.c.channel == channel, _weight.c.account == one.account)
        connection.execute(delete(_weight).where(*mine))
        return
    insert = upsert(connection, _weight).values(channel=channel, account=one.account, weight=one.after)
    changed = {"weight": one.after}
    connection.execute(insert.on_conflict_do_update(index_elements=["channel", "account"], set_=changed))


def _note(connection: Connection, channel: str, one: Change) -> None:
    row = one._replace(reason=clean(one.reason))._asdict()
    connection.execute(_change.insert().values(id=new_id(one.created), channel=channel, **row))
    act = Act(BRIDGE, "weight changed", one.created, channel, one.account, one.reason)
    note(connection, replace(act, before={"weight": one.before}, after={"weight": one.after}))
    old = _change.c.created < one.created - _KEPT_MS
    connection.execute(delete(_change).where(_change.c.channel == channel, old))


def _week_p90(connection: Connection, scope: Scope, identity: str, until: int) -> int | None:
    """Return the time in which nine of ten messages of a week, `until` a moment of it, were delivered.

    In milliseconds; None where too few were.
    """
    rows = (
        select(_tally.c.bucket, func.sum(_tally.c.count).label("messages"))
        .join_from(_tally, _send, _send.c.id == _tally.c.send_id)
        .where(
            _send.c.created >= scope.now - _WEEK_MS,
            _send.c.created < until,
            _send.c.channel == scope.channel,
            _tally.c.account == identity,
            _tally.c.bucket > 0,
        )
        .group_by(_tally.c.bucket)
        .order_by(_tally.c.bucket)
    )
    counts = [(row.bucket, int(row.messages)) for row in connection.execute(rows)]
    total, seen = sum(messages for _, messages in counts), 0
    if total < _FEWEST_OF_A_WEEK:
        return None
    for bucket, messages in counts:
        seen += messages
        if seen >= 0.9 * total:
            return 1000 * BUCKETS_S[bucket - 1] if bucket <= len(BUCKETS_S) else None
    return None
