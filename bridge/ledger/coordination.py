"""What the processes of an installation agree on: who is alive, who may do a thing, how fast, and what rests.

All of it lives in the database, so it holds across machines and outlives any process.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from bridge.clock import FOREVER_MS, millis

from .audit import BRIDGE, Act, note
from .database import tables
from .database.bulk import clean_words
from .database.dialects import upsert
from .database.engine import Database, wake
from .scope import Holder

_state = tables.channel_state
_lease = tables.lease
_worker = tables.worker


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel's pause and the breaker towards Quick Audience; times in milliseconds, 0 for none."""

    channel: str
    paused_until: int = 0
    pauses: int = 0
    pause_reason: str = ""
    breaker_until: int = 0
    breaker_failures: int = 0
    breaker_reason: str = ""

    @property
    def breaker(self) -> str:
        """closed, or open (which includes the one probe of the half-open state)."""
        return "open" if self.breaker_failures else "closed"


_STATE = select(*(_state.c[name] for name in ChannelState.__dataclass_fields__)).where(
    _state.c.channel == bindparam("of_channel")
)
"""Made once: building a statement costs as much as running it."""


class Coordination:
    """Pauses, breakers, rate buckets, leases and heartbeats."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def channel_state(self, channel: str) -> ChannelState:
        """Return the state of a channel; all zero when nothing ever happened to it."""
        with self._database.read() as connection:
            return _load_state(connection, channel)

    def state_in(self, connection: Connection, channel: str) -> ChannelState:
        """Return as `channel_state` does, within the caller's transaction."""
        return _load_state(connection, channel)

    def pause(self, channel: str, reason: str, *, now: int, base_ms: int, longest_ms: int) -> int:
        """Pause sending, twice as long each time in a row. Returns until when."""

        def work(connection: Connection) -> int:
            state = _load_state(connection, channel)
            if state.paused_until > now:
                return state.paused_until
            until: int = now + min(base_ms * 2 ** min(state.pauses, 20), longest_ms)
            _save_state(
                connection,
                channel,
                paused_until=until,
                pauses=state.pauses + 1,
                pause_reason=clean_words(reason),
            )
            after: dict[str, object] = {"paused": True, "for_s": (until - now) // 1000}
            before: dict[str, object] = {"paused": False}
            note(connection, Act(BRIDGE, "channel paused", now, channel, "", reason, before, after))
            return until

        return self._database.write(work)

    def pause_until_resumed(self, channel: str, reason: str, act: Act | None = None) -> None:
        """Pause sending until `resume`."""

        def work(connection: Connection) -> None:
            _note_pause(connection, channel, act)
            _save_state(connection, channel, paused_until=FOREVER_MS, pause_reason=clean_words(reason))

        self._database.write(work)

    def resume(self, channel: str, act: Act | None = None) -> bool:
        """End a pause and forget its history; waiting workers are told.

        Without a person's `act` a person's pause stays: it may have come while the call went on that
        succeeded. Returns whether it was ended.
        """

        def work(connection: Connection) -> bool:
            if act is None and _load_state(connection, channel).paused_until >= FOREVER_MS:
                return False
            _note_pause(connection, channel, act)
            _save_state(connection, channel, paused_until=0, pauses=0, pause_reason="")
            wake(connection)
            return True

        return self._database.write(work)

    def open_breaker(self, channel: str, reason: str, *, now: int, base_ms: int, longest_ms: int) -> int:
        """Stop pushing after Quick Audience refused our signature. Returns when a probe may be made."""

        def work(connection: Connection) -> int:
            failures = _load_state(connection, channel).breaker_failures + 1
            until: int = now + min(base_ms * 2 ** min(failures - 1, 20), longest_ms)
            _save_state(
                connection,
                channel,
                breaker_until=until,
                breaker_failures=failures,
                breaker_reason=clean_words(reason),
            )
            if failures == 1:
                note(connection, Act(BRIDGE, "callbacks stopped", now, channel, why=reason))
            return until

        return self._database.write(work)

    def close_breaker(self, channel: str, now: int, who: str = BRIDGE) -> None:
        """Push again as usual."""

        def work(connection: Connection) -> None:
            before = _load_state(connection, channel)
            _save_state(connection, channel, breaker_until=0, breaker_failures=0, breaker_reason="")
            if before.breaker_failures:
                was = {"failures": before.breaker_failures, "reason": before.breaker_reason}
                note(connection, Act(who, "callbacks resumed", now, channel, before=was))

        self._database.write(work)

    def may_push(self, connection: Connection, channel: str, *, now: int, probe_ms: int) -> str:
        """Return "closed" to push freely, "probe" for exactly one push by one caller, "open" for none."""
        state = _load_state(connection, channel)
        if not state.breaker_failures:
            return "closed"
        taken = connection.execute(
            update(_state)
            .where(_state.c.channel == channel, _state.c.breaker_until <= now)
            .values(breaker_until=now + probe_ms)
        )
        return "probe" if taken.rowcount else "open"

    def take(
        self,
        connection: Connection,
        bucket: str,
        units: float,
        *,
        per_second: float,
        burst: float,
        now_us: int,
    ) -> int:
        """Take units from a rate bucket (GCRA). Returns the microseconds to wait before using them."""
        cost = int(units * 1_000_000 / per_second)
        slack = int(burst * 1_000_000 / per_second)
        connection.execute(
            upsert(connection, tables.bucket).values(name=bucket, arrival=now_us).on_conflict_do_nothing()
        )
        table = tables.bucket
        base = func.greatest if connection.dialect.name == "postgresql" else func.max
        arrival = connection.execute(
            update(table)
            .where(table.c.name == bucket)
            .values(arrival=base(table.c.arrival, now_us) + cost)
            .returning(table.c.arrival)
        ).scalar_one()
        return max(0, int(arrival) - cost - slack - now_us)

    def peek(
        self, connection: Connection, bucket: str, *, per_second: float, burst: float, now_us: int
    ) -> int:
        """Return how many microseconds until the bucket has room, without taking anything."""
        table = tables.bucket
        arrival = connection.execute(select(table.c.arrival).where(table.c.name == bucket)).scalar()
        return self.wait_of(arrival, bucket, per_second=per_second, burst=burst, now_us=now_us)

    @staticmethod
    def wait_of(arrival: int | None, bucket: str, *, per_second: float, burst: float, now_us: int) -> int:
        """Return as `peek` does for a bucket whose arrival was read before, None for one that is full."""
        return 0 if arrival is None else max(0, int(arrival) - int(burst * 1_000_000 / per_second) - now_us)

    def arrivals(self, buckets: Collection[str]) -> dict[str, int]:
        """Return the arrivals of those buckets that anything was taken from, in one read."""
        table = tables.bucket
        rows = select(table.c.name, table.c.arrival).where(table.c.name.in_(sorted(buckets)))
        with self._database.read() as connection:
            return {row.name: int(row.arrival) for row in connection.execute(rows)}

    def rest(self, bucket: str, until: int) -> None:
        """Let a bucket be empty until a moment (milliseconds)."""
        told = {"arrival": until * 1000}
        self._database.write(
            lambda connection: connection.execute(
                upsert(connection, tables.bucket)
                .values(name=bucket, **told)
                .on_conflict_do_update(index_elements=["name"], set_=told)
            ),
            durable=False,
        )

    def lease(self, name: str, holder: Holder, *, now: int) -> str | None:
        """Take or keep a named lease that is due. Returns its cursor, None when another owner has it."""

        def work(connection: Connection) -> str | None:
            connection.execute(
                upsert(connection, _lease).values(name=name, owner="", until=0).on_conflict_do_nothing()
            )
            return connection.execute(
                update(_lease)
                .where(
                    _lease.c.name == name,
                    _lease.c.due <= now,
                    or_(_lease.c.until <= now, _lease.c.owner == holder.owner),
                )
                .values(owner=holder.owner, until=now + holder.lease_ms)
                .returning(_lease.c.cursor)
            ).scalar()

        return self._database.write(work, durable=False)

    def advance(self, connection: Connection, name: str, owner: str, cursor: str, *, until: int) -> bool:
        """Store a lease's cursor with the work it stands for. Returns False when the lease was lost."""
        kept = connection.execute(
            update(_lease)
            .where(_lease.c.name == name, _lease.c.owner == owner)
            .values(cursor=cursor, until=until)
        )
        return bool(kept.rowcount)

    def due(self, name: str) -> int:
        """Return when a lease is due, 0 for one that was never given back: it had no such time yet."""
        with self._database.read() as connection:
            return int(connection.execute(select(_lease.c.due).where(_lease.c.name == name)).scalar() or 0)

    def hasten(self, name: str, now: int, act: Act) -> None:
        """Make a lease due at once, whoever will take it."""

        def work(connection: Connection) -> None:
            connection.execute(
                upsert(connection, _lease)
                .values(name=name, owner="", until=0, due=now)
                .on_conflict_do_update(index_elements=["name"], set_={"due": now})
            )
            note(connection, act)

        self._database.write(work)

    def release_lease(self, name: str, owner: str, *, due: int) -> None:
        """Give a lease back; nobody takes it again before `due`."""
        self._database.write(
            lambda connection: connection.execute(
                update(_lease).where(_lease.c.name == name, _lease.c.owner == owner).values(until=0, due=due)
            ),
            durable=False,
        )

    def beat(self, name: str, *, started: int, now: int) -> None:
        """Say that a worker is alive."""
        self._database.write(
            lambda connection: connection.execute(
                upsert(connection, _worker)
                .values(name=name, started=started, seen=now)
                .on_conflict_do_update(index_elements=["name"], set_={"seen": now})
            ),
            durable=False,
        )

    def leave(self, name: str) -> None:
        """Say that a worker has stopped."""
        self._database.write(
            lambda connection: connection.execute(delete(_worker).where(_worker.c.name == name))
        )

    def live_workers(self, *, since: int) -> list[str]:
        """Return the names of the workers seen since then."""
        with self._database.read() as connection:
            return list(connection.execute(select(_worker.c.name).where(_worker.c.seen >= since)).scalars())


def _note_pause(connection: Connection, channel: str, act: Act | None) -> None:
    """Write an act with what was before; the bridge's own (None) only where it changes something."""
    state = _load_state(connection, channel)
    paused = bool(state.paused_until)
    if act is None and not paused:
        return
    act = act or Act(BRIDGE, "channel resumed", millis(time.time), channel, after={"paused": False})
    note(connection, replace(act, before={"paused": paused, "reason": state.pause_reason}))


def _load_state(connection: Connection, channel: str) -> ChannelState:
    row = connection.execute(_STATE, {"of_channel": channel}).one_or_none()
    return ChannelState(channel) if row is None else ChannelState(**row._mapping)


def _save_state(connection: Connection, channel: str, **values: int | str) -> None:
    connection.execute(
        upsert(connection, _state)
        .values(channel=channel, **values)
        .on_conflict_do_update(index_elements=["channel"], set_=values)
    )
