"""What stands still at the moment, and what plugins were told of it.

Whoever halts or frees something (a worker, a command, a page) writes that where it belongs. A worker compares
it with what was told: so a change is told once in an installation, whoever made it.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, or_, select, update

from .database import tables
from .database.dialects import upsert
from .database.engine import Database

_account, _lease, _state = tables.account, tables.lease, tables.channel_state
_TOLD = "halts told"
_LISTED = ("kind", "channel", "account", "times")
"""The order in which earlier versions wrote what was told, as lists."""


class HaltKind(StrEnum):
    """What may stand still."""

    CHANNEL = "channel"  # paused, with all its accounts
    ACCOUNT = "account"  # paused by itself
    REST = "rest"  # the account's breaker is open
    CALLBACKS = "callbacks"  # the breaker towards Quick Audience is open


_KINDS = frozenset(HaltKind)
"""One of a later version is passed over."""


class Halt(NamedTuple):
    """One thing that stands still; `account` is "" where all of the channel does."""

    kind: HaltKind
    channel: str
    account: str = ""


class Halted(NamedTuple):
    """How often it was halted in a row, and until when (milliseconds)."""

    times: int
    until: int


@dataclass(frozen=True, slots=True)
class HaltChanges:
    """What was halted, once more or for the first time, and what goes on, since it was told last."""

    begun: Mapping[Halt, Halted]
    over: Collection[Halt]


_CHANNELS = select(
    _state.c.channel,
    _state.c.paused_until,
    _state.c.pauses,
    _state.c.breaker_until,
    _state.c.breaker_failures,
).where(
    _state.c.channel.in_(bindparam("channels", expanding=True)),
    or_(_state.c.paused_until > 0, _state.c.breaker_failures > 0),
)
_ACCOUNTS = select(
    _account.c.channel,
    _account.c.name,
    _account.c.paused_until,
    _account.c.pauses,
    _account.c.open_until,
    _account.c.opens,
).where(
    _account.c.channel.in_(bindparam("channels", expanding=True)),
    or_(_account.c.paused_until > 0, _account.c.opens > 0),
)


class Halts:
    """The halts of all channels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self, channels: Collection[str]) -> dict[Halt, Halted]:
        """Return what stands still; a pause does until something was sent again, or a person ended it."""
        with self._database.read() as connection:
            return dict(_halted(connection, channels))

    def changes(self, channels: Collection[str]) -> HaltChanges:
        """Return what has changed in these channels since it was told last, and take it for told."""

        def work(connection: Connection) -> HaltChanges:
            told = _told(connection)
            now = dict(_halted(connection, channels))
            kept = {halt: times for halt, times in told.items() if halt.channel not in channels}
            _save(connection, kept | {halt: halted.times for halt, halted in now.items()})
            begun = {halt: halted for halt, halted in now.items() if halted.times > told.get(halt, 0)}
            return HaltChanges(begun, sorted(told.keys() - kept.keys() - now.keys()))

        return self._database.write(work)


def _halted(connection: Connection, channels: Collection[str]) -> Iterator[tuple[Halt, Halted]]:
    asked = {"channels": sorted(channels)}
    for of in connection.execute(_CHANNELS, asked):
        if of.paused_until:
            yield Halt(HaltKind.CHANNEL, of.channel), Halted(max(1, of.pauses), of.paused_until)
        if of.breaker_failures:
            yield Halt(HaltKind.CALLBACKS, of.channel), Halted(of.breaker_failures, of.breaker_until)
    for at in connection.execute(_ACCOUNTS, asked):
        if at.paused_until:
            yield Halt(HaltKind.ACCOUNT, at.channel, at.name), Halted(max(1, at.pauses), at.paused_until)
        if at.opens:
            yield Halt(HaltKind.REST, at.channel, at.name), Halted(at.opens, at.open_until)


def _told(connection: Connection) -> dict[Halt, int]:
    """Return what was told, and keep other workers from telling until the transaction ends."""
    connection.execute(
        upsert(connection, _lease).values(name=_TOLD, owner="", until=0).on_conflict_do_nothing()
    )
    row = select(_lease.c.cursor).where(_lease.c.name == _TOLD).with_for_update()
    kept = json.loads(connection.execute(row).scalar_one() or "[]")
    named = [dict(zip(_LISTED, one, strict=False)) if isinstance(one, list) else one for one in kept]
    return {
        Halt(HaltKind(one["kind"]), one["channel"], one["account"]): one["times"]
        for one in named
        if one["kind"] in _KINDS
    }


def _save(connection: Connection, told: Mapping[Halt, int]) -> None:
    words = json.dumps([{**halt._asdict(), "times": times} for halt, times in sorted(told.items())])
    connection.execute(update(_lease).where(_lease.c.name == _TOLD).values(cursor=words))
