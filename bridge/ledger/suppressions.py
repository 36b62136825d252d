"""The suppression list: numbers that must not be sent to, by channel and signature."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from .engine import Database
from .models import suppression
from .sql import upsert

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

    def add(self, channel: str, sign_name: str, msisdns: Iterable[str], source: str, now: int) -> None:
        """Put numbers on the list; those already there stay as they are."""
        self._database.write(
            lambda connection: suppress(connection, channel, sign_name, list(msisdns), source, now)
        )

    def remove(self, channel: str, sign_name: str | None, msisdns: Iterable[str]) -> int:
        """Take numbers off the list (under every signature when it is None); how many entries went."""
        condition = [suppression.c.channel == channel, suppression.c.msisdn.in_(list(msisdns))]
        if sign_name is not None:
            condition.append(suppression.c.sign_name == sign_name)
        return self._database.write(
            lambda connection: connection.execute(delete(suppression).where(*condition)).rowcount
        )

    def among(self, channel: str, sign_name: str, msisdns: Sequence[str]) -> set[str]:
        """Those of the numbers that are suppressed under the signature or under all."""
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(msisdns), _LOOKUP):
                found.update(
                    connection.execute(
                        select(suppression.c.msisdn).where(
                            suppression.c.channel == channel,
                            suppression.c.sign_name.in_(["", sign_name]),
                            suppression.c.msisdn.in_(msisdns[start : start + _LOOKUP]),
                        )
                    ).scalars()
                )
        return found

    def list(self, channel: str, *, limit: int, offset: int = 0) -> list[Suppressed]:
        """A page of a channel's entries, in order of number."""
        rows = (
            select(suppression)
            .where(suppression.c.channel == channel)
            .order_by(suppression.c.msisdn, suppression.c.sign_name)
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            return [Suppressed(*row) for row in connection.execute(rows)]


def suppress(
    connection: Connection, channel: str, sign_name: str, msisdns: Collection[str], source: str, now: int
) -> None:
    """Put numbers on the list within the caller's transaction."""
    rows = [
        {"channel": channel, "sign_name": sign_name, "msisdn": msisdn, "source": source, "created": now}
        for msisdn in sorted(set(msisdns))
    ]
    if rows:
        connection.execute(upsert(connection, suppression).on_conflict_do_nothing(), rows)


def unsuppress(connection: Connection, channel: str, sign_name: str, msisdns: Collection[str]) -> None:
    """Take numbers off a signature's list within the caller's transaction."""
    if msisdns:
        connection.execute(
            delete(suppression).where(
                suppression.c.channel == channel,
                suppression.c.sign_name.in_(["", sign_name]),
                suppression.c.msisdn.in_(sorted(set(msisdns))),
            )
        )
