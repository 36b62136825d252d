"""What waits in a channel with several accounts, and how it comes to the account that is to take it.

Only READY batches move: the state shows that no call of theirs is open. One that was called before gets a new
id, so that the reference given to the next account is not the one that the last account knows.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from ..blobs import decode
from ..database import tables
from ..database.bulk import clean
from ..database.dialects import lit, skip_locked
from ..database.engine import Database
from ..scope import Scope
from .calls import barred_names, bars, route_in
from .holds import Hold
from .leaving import leave

_batch = tables.batch
_message = tables.message
_MOST = 500
"""Batches that one transaction moves; the rest follows at the next turn."""


class Group(NamedTuple):
    """Waiting batches of one send that may move together."""

    send_id: int
    account: str
    bars: str

    @property
    def barred(self) -> frozenset[str]:
        """The accounts that may not take them."""
        return barred_names(self.bars)

    @property
    def by_number(self) -> bool:
        """True when the same route takes all their numbers."""
        return route_in(self.bars) is not None


class Leaving(NamedTuple):
    """Which batches may leave their account: `down` are not called now, `slow` have no rate left.

    `known` are the accounts that there are. A batch leaves a slow one when it was due before `since`.
    """

    known: Collection[str]
    down: Collection[str]
    slow: Collection[str]
    since: int


class Moving:
    """The waiting batches of channels with several accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def groups(self, scope: Scope, leaving: Leaving) -> list[Group]:
        """Return what has no account yet or may leave it, the longest waiting first."""
        rows = (
            select(_batch.c.send_id, _batch.c.account, _batch.c.barred)
            .where(*_waiting(scope.channel), _batch.c.deadline > scope.now, _free(leaving, scope.now))
            .group_by(_batch.c.send_id, _batch.c.account, _batch.c.barred)
            .order_by(func.min(_batch.c.due))
        )
        with self._database.read() as connection:
            return [Group(row.send_id, row.account, row.barred) for row in connection.execute(rows)]

    def a_number(self, channel: str, group: Group) -> str:
        """Return one number of a group, as Quick Audience wrote it; "" when nothing of it waits any more."""
        rows = select(_batch.c.recipients).where(*_of_group(channel, group)).limit(1)
        with self._database.read() as connection:
            blob = connection.execute(rows).scalar()
        return next(iter(decode(blob).phones), "") if blob is not None else ""

    def hold(self, channel: str, group: Group, words: str) -> None:
        """Note with a group why no account may take it; a move takes the note away."""
        told = update(_batch).where(*_of_group(channel, group), _batch.c.hold_words != clean(words))
        noted = told.values(hold=Hold.REVIEW, hold_words=clean(words))
        self._database.write(lambda connection: connection.execute(noted))

    def lift_bars(self, channel: str, group: Group | None = None, due: int | None = None) -> int:
        """Let accounts that refused messages be asked again: for a group, or all that wait in a channel.

        `due`: when they are asked at the earliest, None for as before. Returns how many batches.
        """
        mine = _waiting(channel) if group is None else _of_group(channel, group)
        found = select(_batch.c.barred).where(*mine, _batch.c.barred != "").distinct()
        lifted = {} if due is None else {"due": due}

        def work(connection: Connection) -> int:
            moved = 0
            for barred in connection.execute(found).scalars().all():
                if barred_names(barred):
                    anew = update(_batch).where(*mine, _batch.c.barred == barred)
                    kept = bars((), route_in(barred))
                    moved += connection.execute(anew.values(barred=kept, **lifted)).rowcount
            return moved

        return self._database.write(work)

    def latest_account(self, send_id: int) -> str:
        """Return the account that a send has now: of its latest batch that has one, "" for none."""
        rows = (
            select(_batch.c.account)
            .where(_batch.c.send_id == send_id, _batch.c.account != "")
            .order_by(_batch.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            return connection.execute(rows).scalar() or ""

    def engaged(self, scope: Scope, account: str) -> bool:
        """Return True when an account has something to call now, or is called."""
        due = and_(_batch.c.state == lit(tables.READY), _batch.c.due <= scope.now)
        rows = select(_batch.c.id).where(
            tables.UNFINISHED,
            _batch.c.channel == scope.channel,
            or_(due, _batch.c.state == lit(tables.CALLING)),
            _batch.c.account == account,
        )
        with self._database.read() as connection:
            return connection.execute(rows.limit(1)).first() is not None

    def depth(self, channel: str) -> dict[tuple[str, str], int]:
        """Return a channel's recipients by account ("" for none yet) and state, of what is not done."""
        moving = (lit(tables.READY), lit(tables.CALLING))
        rows = (
            select(_batch.c.account, _batch.c.state, func.sum(_batch.c.count).label("messages"))
            .where(tables.UNFINISHED, _batch.c.channel == channel, _batch.c.state.in_(moving))
            .group_by(_batch.c.account, _batch.c.state)
        )
        unknown = _in_question(channel).add_columns(_batch.c.account).group_by(_batch.c.account)
        with self._database.read() as connection:
            depth = {
                (row.account, tables.BatchState(row.state).word): int(row.messages)
                for row in connection.execute(rows)
            }
            depth |= {
                (row.account, tables.UNKNOWN.word): int(row.messages) for row in connection.execute(unknown)
            }
        return depth

    def left_behind(self, channel: str, identities: Collection[str]) -> int:
        """Return how many messages of unknown outcome are with accounts of other identities than these."""
        rows = _in_question(channel).where(_batch.c.identity.not_in(sorted({"", *identities})))
        with self._database.read() as connection:
            return int(connection.execute(rows).scalar() or 0)

    def move(self, scope: Scope, group: Group, leaving: Leaving, target: str, *, most: int = _MOST) -> int:
        """Give batches of a group to another account, unless others are at them just now.

        Returns how many.
        """
        chosen = (
            select(_batch.c.id, _batch.c.attempt)
            .where(
                *_of_group(scope.channel, group),
                _batch.c.deadline > scope.now,
                _free(leaving, scope.now),
            )
            .order_by(_batch.c.due, _batch.c.id)
            .limit(most)
        )

        def work(connection: Connection) -> int:
            rows = connection.execute(skip_locked(connection, chosen)).all()
            _give(connection, rows, target, scope.now)
            return len(rows)

        return self._database.write(work)


def _in_question(channel: str) -> Any:
    """Return the query that counts the messages of a channel whose outcome is unknown."""
    joined = _message.join(_batch, _batch.c.id == _message.c.batch_id)
    unknown = (_batch.c.channel == channel, _batch.c.state == lit(tables.UNKNOWN))
    return select(func.count().label("messages")).select_from(joined).where(tables.IN_QUESTION, *unknown)


def _waiting(channel: str) -> Sequence[ColumnElement[bool]]:
    ready = _batch.c.state == lit(tables.READY)
    return (tables.UNFINISHED, _batch.c.channel == channel, ready)  # type: ignore[return-value]


def _of_group(channel: str, group: Group) -> Sequence[ColumnElement[bool]]:
    mine = (_batch.c.send_id == group.send_id, _batch.c.account == group.account)
    return (*_waiting(channel), *mine, _batch.c.barred == group.bars)


def _free(leaving: Leaving, now: int) -> ColumnElement[bool]:
    """Return the batches without an account, and those that may leave theirs."""
    gone = _batch.c.account.not_in(sorted(leaving.known))
    due = and_(
        _batch.c.due <= now,
        or_(
            gone,
            _batch.c.account.in_(sorted(leaving.down)),
            and_(_batch.c.account.in_(sorted(leaving.slow)), _batch.c.due <= leaving.since),
        ),
    )
    return or_(due, _batch.c.yields <= now)


def _give(connection: Connection, rows: Sequence[Any], target: str, now: int) -> None:
    # One that was called gets a new id: the account that called it may still report on the one it knows.
    ids = [leave(connection, row.id, now, {}) if row.attempt else row.id for row in rows]
    # What a policy has put off waits for its hour at any account; all else is for the new one to try at once.
    off = and_(_batch.c.hold == Hold.POLICY, _batch.c.due > now)
    given: dict[str, Any] = {
        "account": target,
        "yields": None,
        "due": case((off, _batch.c.due), else_=now),
        "hold": case((off, _batch.c.hold), else_=""),
        "hold_words": case((off, _batch.c.hold_words), else_=""),
    }
    if ids:
        connection.execute(update(_batch).where(_batch.c.id.in_(ids)).values(**given))
