"""Who changed what, when and why: a row for each change that an operator or the bridge itself makes.

It is written in the transaction that makes the change, so that neither stands without the other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update

from ..plugin.masking import mask_numbers
from .database import tables
from .database.bulk import clean, clean_words
from .database.engine import Database
from .database.turns import in_order, turned
from .refs import new_id
from .scope import FIRST_ROWS, Excerpt

BRIDGE = "bridge"
"""Who, where no person did it."""

_audit = tables.audit


@dataclass(frozen=True, slots=True)
class Act:
    """One change. `who`: shell:NAME, console:NAME or bridge. `subject`: what was changed, numbers masked.

    `id` is that of the row, once it is written.
    """

    who: str
    what: str
    at: int
    channel: str = ""
    subject: str = ""
    why: str = ""
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    id: int = field(default=0, compare=False)


def note(connection: Connection, act: Act) -> int:
    """Write an act within the caller's transaction. Returns its id, by which `tell_after` finds it."""
    row: dict[str, Any] = {
        "id": new_id(act.at),
        "at": act.at,
        "who": clean(act.who, 128),
        "what": act.what,
        "channel": act.channel,
        "subject": clean(act.subject, 300),
        "why": clean_words(act.why),
        "before": _pack(act.before),
        "after": _pack(act.after),
    }
    connection.execute(_audit.insert(), row)
    return int(row["id"])


def tell_after(connection: Connection, act_id: int, after: Mapping[str, object]) -> None:
    """Write down what became of an act that goes on for several transactions, within the caller's."""
    connection.execute(update(_audit).where(_audit.c.id == act_id).values(after=_pack(after)))


class Audit:
    """Reads and single acts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, act: Act) -> None:
        """Write an act by itself."""
        self._database.write(lambda connection: note(connection, act))

    def acts(self, channel: str | None = None, wanted: Excerpt = FIRST_ROWS) -> list[Act]:
        """Return what was changed, the latest first."""
        rows = select(_audit).where(_audit.c.at < wanted.until)
        if wanted.since:  # an id is never older than its act: the walk from the latest ends there
            rows = rows.where(_audit.c.at >= wanted.since, _audit.c.id >= wanted.since << 21)
        if channel is not None:
            rows = rows.where(_audit.c.channel == channel)
        rows = turned(rows, [_audit.c.id], wanted, latest=True)
        with self._database.read() as connection:
            return in_order([_act(row) for row in connection.execute(rows)], wanted)


def _act(row: Any) -> Act:
    before, after = json.loads(row.before), json.loads(row.after)
    return Act(row.who, row.what, row.at, row.channel, row.subject, row.why, before, after, row.id)


def _pack(state: Mapping[str, object] | None) -> str:
    return clean(json.dumps(masked_state(state), ensure_ascii=True), 100_000)


def masked_state(state: Any) -> Any:
    """Return a state with the numbers masked that stand in its texts."""
    if isinstance(state, Mapping):
        return {name: masked_state(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return [masked_state(value) for value in state]
    return mask_numbers(state) if isinstance(state, str) else state
