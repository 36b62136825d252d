"""The accounts of all channels, shared by all workers: what was shown of each, and what may be begun."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, select, update

from bridge.clock import FOREVER_MS

from ..audit import BRIDGE, Act, note
from ..database import tables
from ..database.bulk import clean_words
from ..database.dialects import lit, upsert
from ..database.engine import Database, wake
from .account import FREE_CALLS, PAUSE, Account, AccountKey, Room, Shown

_account, _lease, _batch, _worker = tables.account, tables.lease, tables.batch, tables.worker
_SILENCE_MS = 30_000
"""A worker that says so seldom that it is alive has vanished, and with it its calls."""
_NO_PAUSE = {"paused_until": 0, "pauses": 0, "pause_reason": ""}


# Made once: building a statement costs as much as running it.
_OF_CHANNELS = select(*(_account.c[name] for name in Account.__dataclass_fields__)).where(
    _account.c.channel.in_(bindparam("channels", expanding=True))
)
# In one order, so that workers do not block each other.
_LOCKED = _OF_CHANNELS.order_by(_account.c.channel, _account.c.name).with_for_update()
_silent = select(_worker.c.name).where(
    _worker.c.name == _batch.c.owner, _worker.c.seen < bindparam("silent_since")
)
_CALLING = (
    select(_batch.c.channel, _batch.c.account, func.count().label("calls"))
    .where(
        _batch.c.state == lit(tables.CALLING),
        _batch.c.lease >= bindparam("at"),
        ~_silent.exists(),
        _batch.c.channel.in_(bindparam("channels", expanding=True)),
    )
    .group_by(_batch.c.channel, _batch.c.account)
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be begun at accounts, the accounts themselves, and those that changed: before and after."""

    room: Mapping[AccountKey, Room]
    accounts: Mapping[AccountKey, Account]
    moved: Sequence[tuple[Account, Account]]


class Accounts:
    """The accounts of all channels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, channel: str) -> Mapping[str, Account]:
        """Return the accounts of a channel that were called before, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(_account).where(_account.c.channel == channel))
            return {row.name: Account(**row._mapping) for row in rows}

    def pause(self, key: AccountKey, reason: str, *, now: int, base_ms: int, longest_ms: int) -> int:
        """Call one account no more, twice as long each time in a row. Returns until when."""

        def work(connection: Connection) -> int:
            held = _held(connection, {key}, lock=True)[key]
            if held.paused(now):
                return held.paused_until
            until: int = now + min(base_ms * 2 ** min(held.pauses, 20), longest_ms)
            paused = replace(
                held, paused_until=until, pauses=held.pauses + 1, pause_reason=clean_words(reason)
            )
            save(connection, paused, pause=True)
            after = {"paused": True, "for_s": (until - now) // 1000}
            note(connection, Act(BRIDGE, "account paused", now, *key, reason, {"paused": False}, after))
            return until

        return self._database.write(work)

    def pause_until_resumed(self, key: AccountKey, reason: str, act: Act) -> None:
        """Call one account no more until a person resumes it."""

        def work(connection: Connection) -> None:
            held = _held(connection, {key}, lock=True)[key]
            before = {"paused": bool(held.paused_until), "reason": held.pause_reason}
            note(connection, replace(act, before=before))
            paused = replace(held, paused_until=FOREVER_MS, pauses=0, pause_reason=clean_words(reason))
            save(connection, paused, pause=True)

        self._database.write(work)

    def resume(self, key: AccountKey, now: int) -> None:
        """End the pause of an account that works again, and forget its history; a person's pause stays."""
        paused = _of(key.channel, key.name), _account.c.pauses > 0
        resumed = update(_account).where(*paused).values(**_NO_PAUSE)

        def work(connection: Connection) -> None:
            held = connection.execute(select(_account.c.pause_reason).where(*paused).with_for_update()).all()
            if held and connection.execute(resumed).rowcount:
                before = {"paused": True, "reason": held[0].pause_reason}
                note(connection, Act(BRIDGE, "account resumed", now, *key, "", before, {"paused": False}))

        self._database.write(work)

    def identity(self, channel: str, account: str) -> str:
        """Return the identity that an account's name meant when `renew` was asked last, "" if it was not."""
        known = select(_lease.c.cursor).where(_lease.c.name == f"identities/{channel}")
        with self._database.read() as connection:
            told: dict[str, str] = json.loads(connection.execute(known).scalar() or "{}")
        return told.get(account, "")

    def renew(self, channel: str, identities: Mapping[str, str], now: int) -> list[str]:
        """Let accounts begin anew whose name means another identity than when this was asked last.

        What was learned of the one before says nothing of it; a person's pause, which is by name, stays.
        Returns their names.
        """
        name = f"identities/{channel}"
        known = select(_lease.c.cursor).where(_lease.c.name == name)

        def work(connection: Connection) -> list[str]:
            before: dict[str, str] = json.loads(connection.execute(known).scalar() or "{}")
            others = [one for one, identity in identities.items() if before.get(one, identity) != identity]
            for one in others:
                held = _accounts_of(connection, channel, one)[0]
                anew = {
                    key: value for key, value in asdict(Account(channel, one)).items() if key not in PAUSE
                }
                mine = _of(channel, one)
                connection.execute(update(_account).where(mine).values(**anew))
                refused = update(_account).where(mine, _account.c.paused_until < FOREVER_MS)
                connection.execute(refused.values(**_NO_PAUSE))
                why = "Its settings name another vendor account."
                after = {"paused": held.paused_until >= FOREVER_MS, "rest_s": 0}
                states = _kept(held, now), after
                note(connection, Act(BRIDGE, "account resumed", now, channel, one, why, *states))
            told = {"cursor": json.dumps({**before, **identities}, sort_keys=True)}
            insert = upsert(connection, _lease).values(name=name, owner="", until=0, **told)
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=told))
            return others

        return self._database.write(work)

    def free(self, channel: str, name: str, now: int, act: Act) -> None:
        """End whatever keeps an account, or with "" all of a channel, from being called.

        Of all, those that a person has paused stay paused. The act is written for the named account, and for
        each of all that was kept. Waiting workers are told.
        """

        def work(connection: Connection) -> None:
            for held in _accounts_of(connection, channel, name):
                paused = bool(held.paused_until) and (bool(name) or held.paused_until < FOREVER_MS)
                if not name and not paused and held.open_until <= now:
                    continue
                mine = update(_account).where(_of(channel, held.name))
                if paused:
                    connection.execute(mine.values(**_NO_PAUSE))
                if held.open_until > now:
                    connection.execute(mine.values(open_until=now))
                told = {**(act.after or {}), "account": held.name, "rest_s": 0}
                if not paused:
                    told["paused"] = bool(held.paused_until)
                note(connection, replace(act, before=_kept(held, now), after=told))
            wake(connection)

        self._database.write(work)

    def allow(
        self,
        connection: Connection,
        shown: Sequence[Shown],
        wanted: Collection[AccountKey],
        now: int,
        apart_ms: int = 0,
    ) -> Allowance:
        """Note what calls showed of their accounts, and return what may be begun at the accounts wanted.

        Locks the accounts that change and those whose calls are counted, so that two workers do not both take
        the last one. `apart_ms`: so far may the clock of another worker be behind, whose calls count by it.
        """
        held = _held(connection, {*wanted, *(one.key for one in shown)})
        counted = {key for key in wanted if held[key].allowed(now).calls < FREE_CALLS}
        changing = {one.key for one in shown if _changed(held[one.key], one, now) is not held[one.key]}
        _have_rows(connection, [held[key] for key in counted | changing])
        held |= _held(connection, counted | changing, lock=True)
        before = dict(held)
        for one in shown:
            held[one.key] = _changed(held[one.key], one, now)
        moved = [(before[key], held[key]) for key in changing if held[key] != before[key]]
        for was, account in moved:
            save(connection, account)
            _note_breaker(connection, was, account, now)
        begun = _begun(connection, counted, now - apart_ms)
        room = {key: held[key].allowed(now) for key in wanted}
        for key in counted:
            room[key] = room[key]._replace(calls=max(0, room[key].calls - begun.get(key, 0)))
        return Allowance(room, {key: held[key] for key in wanted}, moved)


def _note_breaker(connection: Connection, was: Account, account: Account, now: int) -> None:
    """Write down that an account rests, for the first time in a row, or works again."""
    if bool(was.opens) == bool(account.opens):
        return
    named = now, account.channel, account.name
    if account.opens:
        after = {"rest_s": (account.open_until - now) // 1000}
        note(connection, Act(BRIDGE, "account rests", *named, account.reason, {"rest_s": 0}, after))
    else:
        note(connection, Act(BRIDGE, "account works again", *named, "", {"rests": was.opens}, {"rests": 0}))


def _accounts_of(connection: Connection, channel: str, name: str) -> list[Account]:
    """Return an account of a channel, or all that were called before, locked."""
    rows = connection.execute(_LOCKED, {"channels": [channel]})
    found = [Account(**row._mapping) for row in rows if name in ("", row.name)]
    return found or ([Account(channel, name)] if name else [])


def _kept(held: Account, now: int) -> dict[str, object]:
    """Return what keeps an account from being called, for the audit."""
    rest_s = max(0, held.open_until - now) // 1000
    told: dict[str, object] = {
        "paused": bool(held.paused_until),
        "reason": held.pause_reason,
        "rest_s": rest_s,
    }
    return {**told, "rest_reason": held.reason} if rest_s else told


def _of(channel: str, name: str) -> ColumnElement[bool]:
    """Return the condition for an account, or with "" for all of its channel."""
    mine = _account.c.channel == channel
    return and_(mine, _account.c.name == name) if name else mine


def _changed(account: Account, shown: Shown, now: int) -> Account:
    if not shown.failure:
        return account.after_success(now)
    return account.after_failure(now, shown.failure, shown.used, shown.called, lapsed=shown.lapsed)


def _held(
    connection: Connection, keys: Collection[AccountKey], *, lock: bool = False
) -> dict[AccountKey, Account]:
    held = {key: Account(*key) for key in keys}
    if not held:
        return held
    channels = sorted({key.channel for key in keys})
    for row in connection.execute(_LOCKED if lock else _OF_CHANNELS, {"channels": channels}):
        account = Account(**row._mapping)
        if account.key in held:
            held[account.key] = account
    return held


def _have_rows(connection: Connection, accounts: Collection[Account]) -> None:
    """Give accounts that were never called a row to lock, or two workers would each take the first call."""
    for account in sorted(accounts, key=lambda one: one.key):
        if account == Account(*account.key):
            insert = upsert(connection, _account).values(**asdict(account))
            connection.execute(insert.on_conflict_do_nothing(index_elements=["channel", "name"]))


def save(connection: Connection, account: Account, *, pause: bool = False) -> None:
    """Write an account as it is now; its pause, which others may have set meanwhile, only if `pause`."""
    values = asdict(account) | {"reason": clean_words(account.reason)}
    changed = {name: value for name, value in values.items() if pause or name not in PAUSE}
    connection.execute(
        upsert(connection, _account)
        .values(**values)
        .on_conflict_do_update(index_elements=["channel", "name"], set_=changed)
    )


def _begun(connection: Connection, keys: Collection[AccountKey], now: int) -> dict[AccountKey, int]:
    """Return how many calls are being made, by account; those of workers that fell silent are none.

    `now`: by the clock that is furthest behind.
    Calls of a version that did not name the account count for every account of their channel.
    """
    if not keys:
        return {}
    asked = {"channels": sorted({key.channel for key in keys}), "at": now, "silent_since": now - _SILENCE_MS}
    rows = connection.execute(_CALLING, asked)
    counts = {(row.channel, row.account): int(row.calls) for row in rows}
    return {key: counts.get((key.channel, key.name), 0) + counts.get((key.channel, ""), 0) for key in keys}
