"""What accounts last said of templates and signatures, beside what the bridge believes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, delete, func, select

from ..database import tables
from ..database.bulk import clean
from ..database.engine import Database

TEMPLATE, SIGN = "template", "sign"
"""Kinds of what may drift."""

ONLY_THERE, NO_LIST = "only there", "no list"
"""An account has it and the bridge does not know it; the account did not tell its list."""
SHOWN_ONLY = (ONLY_THERE, NO_LIST)
"""Worth a look and no fault: others may use the account, too. Neither counted nor told."""

_drift = tables.drift
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Drift:
    """One template or signature at one account; `what` is "" where both say the same.

    `here` is what the bridge believes, `there` what the account said. `since`: from when on they have
    differed in this way; `asked`: when the account was asked last. Times in milliseconds.
    """

    channel: str
    account: str
    kind: str
    name: str
    what: str = ""
    here: str = ""
    there: str = ""
    since: int = 0
    asked: int = 0

    @property
    def differs(self) -> bool:
        """True when the account says otherwise than the bridge believes."""
        return bool(self.what) and self.what not in SHOWN_ONLY


class Drifts:
    """The drift of all channels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, channel: str, account: str, found: Sequence[Drift]) -> list[Drift]:
        """Put what an account said in the place of what it said before.

        Returns the differences that are new.
        """

        def work(connection: Connection) -> list[Drift]:
            mine = (_drift.c.channel == channel, _drift.c.account == account)
            before = {(row.kind, row.name): row for row in connection.execute(select(_drift).where(*mine))}
            connection.execute(delete(_drift).where(*mine))
            rows = [_row(one, before) for one in found]
            if rows:
                connection.execute(_drift.insert(), rows)
            return [
                one for one, row in zip(found, rows, strict=True) if one.differs and row["since"] == one.asked
            ]

        return self._database.write(work)

    def list(self, channel: str) -> list[Drift]:
        """Return what the accounts of a channel said, differences first."""
        rows = select(_drift).where(_drift.c.channel == channel)
        with self._database.read() as connection:
            found = [Drift(**row._mapping) for row in connection.execute(rows)]
        return sorted(found, key=lambda one: (not one.differs, not one.what, one.account, one.kind, one.name))

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how much differs, by channel and account; of those that were asked."""
        differs = func.sum(case((_drift.c.what.in_(("", *SHOWN_ONLY)), 0), else_=1)).label("differs")
        by = (_drift.c.channel, _drift.c.account)
        rows = select(*by, differs).group_by(*by)
        with self._database.read() as connection:
            return {(row.channel, row.account): int(row.differs) for row in connection.execute(rows)}


def _row(one: Drift, before: Mapping[tuple[str, str], Any]) -> dict[str, object]:
    was = before.get((one.kind, one.name))
    here, there = clean(one.here, _LONGEST), clean(one.there, _LONGEST)
    same = was is not None and (was.what, was.here, was.there) == (one.what, here, there)
    return {
        "channel": one.channel,
        "account": one.account,
        "kind": one.kind,
        "name": clean(one.name, 256),
        "what": one.what,
        "here": here,
        "there": there,
        "since": was.since if same and was is not None else one.asked,
        "asked": one.asked,
    }
