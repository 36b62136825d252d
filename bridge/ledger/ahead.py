"""What was written while a clock ran ahead: it must not wait until that time comes.

A time too far away to have been meant is brought back to now, that of a look-up to as long after its call as
was meant. Its attempt keeps the moment that was written first: so a call brought back is told from others.
The latest time that any clock showed is kept, too: a clock that was set since leaves calls whose age nobody
knows, and set back it lets go what a rate, a vendor's wish or a poll holds for no longer than may be meant.
Leases of vendor calls are left alone: whose call may still arrive, nobody else may conclude.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, case, literal, or_, select, update

from bridge.clock import FOREVER_MS, HOUR_MS, MINUTE_MS, seconds

from ..plugin import CLOCKS_APART
from .database import tables
from .database.dialects import lit, upsert
from .database.engine import Database

_SKEW_MS = 2 * seconds(CLOCKS_APART.total_seconds())
"""Clocks that differ by more were set; no two that are only apart do."""
_CLOCK = "clock"
"""The lease that keeps what clocks have shown."""
_LONGEST_WAIT_MS = HOUR_MS + _SKEW_MS
"""The longest back-off there is, of anything but a sweep."""
_LONGEST_SWEEP_MS = 24 * HOUR_MS


class Steps(NamedTuple):
    """What clocks have shown: the `latest` time, and the end of `undated` calls."""

    latest: int = 0
    undated: int = 0
    """What is dated until then was called before a clock was set, or looks so."""
    missed: int = 0
    """When a worker began after nobody had noted the time for minutes: by a clock that was set forward
    meanwhile, or is far ahead of another's, what was called until then seems older than it is."""

    def after(self, now: int, forward: int = 0, began: int = 0) -> "Steps":
        """Return what is known when it is now.

        `forward`: by so much the clock was set forward a moment ago. `began`: since then it was watched.
        """
        if now < self.latest - _SKEW_MS:
            return Steps(now, max(self.latest, self.undated))
        return Steps(
            max(now, self.latest),
            max(self.undated, now - forward) if forward else self.undated,
            now if self.misses(began) else self.missed,
        )

    def misses(self, began: int) -> bool:
        """Return whether nobody noted the time in the minutes before a worker `began`."""
        return 0 < self.latest < began - _SKEW_MS

    def doubt(self, called: int, now: int, life_ms: int) -> bool:
        """Return whether nobody knows how long ago a call was: a clock was set since.

        `life_ms`: so long a call is asked about. One from before a longer step is ended, unless that says it
        is to come.
        """
        set_back = now < self.latest - _SKEW_MS
        return set_back or called <= self.undated <= now + life_ms


class Ahead:
    """Brings back what a clock that ran ahead has written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def steps(self) -> Steps:
        """Return what clocks have shown until now."""
        with self._database.read() as connection:
            return _steps(connection)

    def note(self, now: int, forward: int = 0, began: int = 0) -> bool:
        """Note what time it is, as `Steps.after` takes it.

        Returns whether a clock was set since the last time.
        """
        known = self.steps()  # once a minute is enough while nothing happens
        if known.latest <= now < known.latest + MINUTE_MS and not forward:
            return False

        def work(connection: Connection) -> bool:
            before = _steps(connection)
            after = before.after(now, forward, began)
            told = {"cursor": json.dumps(after._asdict())}
            new = upsert(connection, tables.lease).values(name=_CLOCK, owner="", until=0, **told)
            connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=told))
            back = after.latest < before.latest
            for one in _held_back(now) if back else ():
                connection.execute(one.mend)
            return back or bool(forward)

        ordinary = known.latest <= now and not forward
        return self._database.write(work, durable=not ordinary)

    def bring_back(self, now: int) -> int:
        """Make due now what waits for a time that was never meant.

        Returns how many rows.
        """
        with self._database.read() as connection:  # there is nothing to write as a rule
            wrong = [one for one in _put_off(now) if connection.execute(one.look).first()]
        if not wrong:
            return 0
        return self._database.write(
            lambda connection: sum(connection.execute(one.mend).rowcount for one in wrong)
        )


def _steps(connection: Connection) -> Steps:
    known = select(tables.lease.c.cursor).where(tables.lease.c.name == _CLOCK)
    told = connection.execute(known).scalar()
    kept = json.loads(told or "{}")
    if isinstance(kept, list):  # as earlier versions wrote it
        kept = dict(zip(Steps._fields, kept, strict=False))
    return Steps(**{name: kept[name] for name in Steps._fields if name in kept})


class _PutOff:
    """Rows that wait too long, and what their columns are to hold."""

    def __init__(self, table: Table, wrong: ColumnElement[bool], **right: Any) -> None:
        self.look = select(literal(1)).select_from(table).where(wrong).limit(1)
        self.mend = update(table).where(wrong).values(**right)


def _put_off(now: int) -> Iterator[_PutOff]:
    late = now + _LONGEST_WAIT_MS
    yield _PutOff(tables.batch, _batches(now), due=now)
    yield _PutOff(tables.batch, _calls(now), due=_after_call(now), deadline=_end_of_asking(now), called=now)
    yield _PutOff(tables.batch, and_(tables.UNFINISHED, tables.batch.c.yields > late), yields=now)
    for table in (tables.push, tables.file, tables.page):
        yield _PutOff(table, table.c.due > late, due=now)
    # One that found no message waits again as long as it waited until then.
    parked = tables.parked.c
    put_off = and_(parked.due > late, parked.due > late + now - parked.created)
    yield _PutOff(tables.parked, put_off, due=now)
    for table in (tables.push, tables.file):
        yield _PutOff(table, table.c.lease > late, owner=None, lease=None)
    for table in (tables.template, tables.sign, tables.filing, tables.account_sign):
        yield _PutOff(table, table.c.checked > now + _SKEW_MS, checked=0)
    yield _PutOff(tables.filing, tables.filing.c.due > late, due=now)
    account = tables.account
    paused = and_(account.c.paused_until > late, account.c.paused_until < FOREVER_MS)
    yield _PutOff(account, paused, paused_until=now)
    # How long ago that was, nobody knows: one message tries, and one success is no proof of more.
    yield _PutOff(account, account.c.failed > now + _SKEW_MS, failed=0, open_until=0)
    yield _PutOff(account, account.c.succeeded > now + _SKEW_MS, succeeded=0)
    state, lease, bucket = tables.channel_state, tables.lease, tables.bucket
    paused = and_(state.c.paused_until > late, state.c.paused_until < FOREVER_MS)
    yield _PutOff(state, paused, paused_until=now)
    yield _PutOff(state, state.c.breaker_until > late, breaker_until=now)
    yield _PutOff(lease, lease.c.due > now + _LONGEST_SWEEP_MS, due=now)
    yield _PutOff(lease, lease.c.until > late, until=now)
    yield _PutOff(bucket, bucket.c.arrival > late * 1000, arrival=now * 1000)


def _held_back(now: int) -> Iterator[_PutOff]:
    """What waits so briefly as may be meant, just after a clock was set back: its time may be hours away.

    To send or to ask once too early is harmless: the vendor says so again.
    """
    bucket, lease, future = tables.bucket, tables.lease, now + _SKEW_MS
    yield _PutOff(bucket, bucket.c.arrival > future * 1000, arrival=now * 1000)
    polled = lease.c.name.startswith("poll/")
    yield _PutOff(lease, and_(polled, lease.c.due > future), due=now)
    yield _PutOff(lease, and_(polled, lease.c.until > future + MINUTE_MS), until=now)


def _batches(now: int) -> ColumnElement[bool]:
    """Return those made or called in a future: policies may defer others for as long as they like."""
    batch, future = tables.batch, now + _SKEW_MS
    return and_(
        tables.UNFINISHED,
        batch.c.state == lit(tables.READY),
        batch.c.due > future,
        or_(batch.c.called > future, batch.c.id > future << 21),
    )


def _calls(now: int) -> ColumnElement[bool]:
    """Return those of unknown outcome that were called in a future."""
    batch, future = tables.batch, now + _SKEW_MS
    unknown = batch.c.state == lit(tables.UNKNOWN)
    return and_(tables.UNFINISHED, unknown, batch.c.due > future, batch.c.called > future)


def _after_call(now: int) -> ColumnElement[int]:
    """Return when a call is asked about that is taken for one of now: as long after it as was meant.

    At once would be too early: the vendor may not know of it yet.
    """
    meant = tables.batch.c.due - tables.batch.c.called
    return case((meant > _LONGEST_WAIT_MS, now + _LONGEST_WAIT_MS), else_=now + meant)


def _end_of_asking(now: int) -> ColumnElement[int]:
    """Return the deadline of such a call: as long after it as was meant."""
    return now + tables.batch.c.deadline - tables.batch.c.called
