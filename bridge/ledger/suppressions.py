"""The suppression list: numbers that must not be sent to, by channel and signature."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from sqlalchemy import Connection, delete, select

from ..plugin.phone import mask
from .audit import BRIDGE, Act, note
from .database.dialects import upsert
from .database.engine import Database
from .database.tables import suppression
from .database.turns import in_order, turned
from .scope import Excerpt, Scope

OPERATOR = "operator"
"""The source of what a person put on the list."""

_TOLD = 20
_LOOKUP = 500


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An entry of the list. `sign_name` "" stands for every signature; `created` in milliseconds."""

    channel: str
    sign_name: str
    msisdn: str
    source: str
    created: int

    def __repr__(self) -> str:
        return f"Suppressed({self.channel!r}, {self.sign_name!r}, {self.source!r})"


class Suppressions:
    """Additions, removals and look-ups; an MSISDN is digits with the country code, no plus."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        scope: Scope,
        sign_name: str,
        msisdns: Iterable[str],
        source: str,
        act: Act | None = None,
    ) -> None:
        """Put numbers on the list; those already there stay as they are, and the act tells how many."""
        numbers = sorted(set(msisdns))

        def work(connection: Connection) -> None:
            added = suppress(connection, scope, sign_name, numbers, source)
            if act is not None:
                before, after = {"entries": len(numbers) - added}, {"entries": len(numbers)}
                note(connection, replace(act, before=before, after={**(act.after or {}), **after}))

        self._database.write(work)

    def remove(
        self, channel: str, sign_name: str | None, msisdns: Iterable[str], act: Act | None = None
    ) -> int:
        """Take numbers off the list (under every signature when it is None).

        Returns how many entries went.
        """
        condition = [suppression.c.channel == channel, suppression.c.msisdn.in_(_forms(channel, msisdns))]
        if sign_name is not None:
            condition.append(suppression.c.sign_name == sign_name)

        def work(connection: Connection) -> int:
            gone = delete(suppression).where(*condition).returning(suppression.c.sign_name)
            signs = connection.execute(gone).scalars().all()
            if act is not None:
                # Which signatures held the number, to be put back if it was a slip.
                before = {"signs": sorted(set(signs))[:_TOLD], "entries": len(signs)}
                note(connection, replace(act, before=before, after={**(act.after or {}), "entries": 0}))
            return len(signs)

        return self._database.write(work)

    def among(self, channel: str, sign_name: str, msisdns: Sequence[str]) -> set[str]:
        """Return those of the numbers that are suppressed under the signature or under all."""
        found: set[str] = set()
        named = {digest_of(channel, msisdn): msisdn for msisdn in msisdns}
        asked = [*msisdns, *named]
        with self._database.read() as connection:
            for start in range(0, len(asked), _LOOKUP):
                found.update(
                    connection.execute(
                        select(suppression.c.msisdn).where(
                            suppression.c.channel == channel,
                            suppression.c.sign_name.in_(["", sign_name]),
                            suppression.c.msisdn.in_(asked[start : start + _LOOKUP]),
                        )
                    ).scalars()
                )
        return {named.get(one, one) for one in found}

    def list(self, channel: str, wanted: Excerpt) -> list[Suppressed]:
        """Return a channel's entries, in order of number."""
        rows = select(suppression).where(
            suppression.c.channel == channel,
            suppression.c.created >= wanted.since,
            suppression.c.created < wanted.until,
        )
        rows = turned(rows, [suppression.c.msisdn, suppression.c.sign_name], wanted, latest=False)
        with self._database.read() as connection:
            return in_order([Suppressed(**row._mapping) for row in connection.execute(rows)], wanted)


def digest_of(channel: str, msisdn: str) -> str:
    """Return what stands for the number of a person who was forgotten: no number begins so."""
    named = f"{channel}\0{msisdn}".encode()
    return f"#{blake2b(named, digest_size=9).hexdigest()}"


def _forms(channel: str, msisdns: Iterable[str]) -> list[str]:
    """Return numbers and what stands for them, should they have been forgotten."""
    return [form for msisdn in sorted(msisdns) for form in (msisdn, digest_of(channel, msisdn))]


def suppress(
    connection: Connection, scope: Scope, sign_name: str, msisdns: Collection[str], source: str
) -> int:
    """Put numbers on the list within the caller's transaction; what nobody typed is the bridge's own act.

    Returns how many were not on it.
    """
    rows = [
        {
            "channel": scope.channel,
            "sign_name": sign_name,
            "msisdn": msisdn,
            "source": source,
            "created": scope.now,
        }
        for msisdn in sorted(set(msisdns))
    ]
    if not rows:
        return 0
    new = upsert(connection, suppression).on_conflict_do_nothing().returning(suppression.c.msisdn)
    added = connection.execute(new, rows).scalars().all()
    if added and source != OPERATOR:
        shown = [mask(msisdn) for msisdn in sorted(added)[:_TOLD]]
        told = {"sign": sign_name, "numbers": shown, "entries": len(rows)}
        before = {"entries": len(rows) - len(added)}
        act = Act(BRIDGE, "numbers suppressed", scope.now, scope.channel, "", source, before, told)
        note(connection, act)
    return len(added)


def unsuppress(connection: Connection, channel: str, sign_name: str, msisdns: Collection[str]) -> None:
    """Take numbers off a signature's list within the caller's transaction."""
    if msisdns:
        connection.execute(
            delete(suppression).where(
                suppression.c.channel == channel,
                suppression.c.sign_name.in_(["", sign_name]),
                suppression.c.msisdn.in_(_forms(channel, set(msisdns))),
            )
        )
