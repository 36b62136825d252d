"""Who changed what, when and why: a row for each change that an operator or the bridge itself makes.

It is written in the transaction that makes the change, so that neither stands without the other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from .database import tables
from .database.bulk import clean
from .database.engine import Database
from .refs import new_id

BRIDGE = "bridge"
"""Who, where no person did it."""

_audit = tables.audit


@dataclass(frozen=True, slots=True)
class Act:
    """One change. `who`: shell:NAME, console:NAME or bridge. `subject`: what was changed, numbers masked."""

    who: str
    what: str
    at: int
    channel: str = ""
    subject: str = ""
    why: str = ""
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


def note(connection: Connection, act: Act) -> None:
    """Write an act within the caller's transaction."""
    row = {
        "id": new_id(act.at),
        "at": act.at,
        "who": clean(act.who, 128),
        "what": act.what,
        "channel": act.channel,
        "subject": clean(act.subject, 300),
        "why": clean(act.why),
        "before": _pack(act.before),
        "after": _pack(act.after),
    }
    connection.execute(_audit.insert(), row)


class Audit:
    """Reads and single acts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, act: Act) -> None:
        """Write an act by itself."""
        self._database.write(lambda connection: note(connection, act))

    def acts(
        self,
        *,
        since: int = 0,
        until: int | None = None,
        channel: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Act]:
        """Return what was changed in a span of time, the latest first."""
        rows = select(_audit).order_by(_audit.c.id.desc()).limit(limit).offset(offset)
        if since:  # an id is never older than its act: the walk from the latest ends there
            rows = rows.where(_audit.c.at >= since, _audit.c.id >= since << 21)
        if until is not None:
            rows = rows.where(_audit.c.at < until)
        if channel is not None:
            rows = rows.where(_audit.c.channel == channel)
        with self._database.read() as connection:
            return [
                Act(
                    row.who,
                    row.what,
                    row.at,
                    row.channel,
                    row.subject,
                    row.why,
                    json.loads(row.before),
                    json.loads(row.after),
                )
                for row in connection.execute(rows)
            ]


def _pack(state: Mapping[str, object] | None) -> str:
    return clean(json.dumps(None if state is None else dict(state), ensure_ascii=True), 100_000)
