"""What an alert looks at: since when something waits that need not wait, and what was given up."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import func, select

from .database import tables
from .database.dialects import lit
from .database.engine import Database
from .sending.joining import FREE, any_stopped

_batch, _push, _template = tables.batch, tables.push, tables.template


class _Pushes(NamedTuple):
    """Callbacks of a channel, and since when the oldest is there."""

    number: int = 0
    since: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelWaits:
    """One channel's waits; times are milliseconds, None where nothing waits."""

    due_since: int | None = None
    callbacks: int = 0
    callbacks_since: int | None = None
    given_up: int = 0


class Watching:
    """Questions that are asked whenever Prometheus asks; each is answered from an index or a small table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waits(self) -> dict[str, ChannelWaits]:
        """Return what waits in each channel that has anything waiting or given up.

        Batches that a policy, a rate or a vendor's "come back later" holds are due later and do not count,
        nor do those of a campaign that is paused.
        """
        ready = (
            select(_batch.c.channel, func.min(_batch.c.due).label("due"))
            .where(_batch.c.state == lit(tables.READY))
            .group_by(_batch.c.channel)
        )
        pushes = select(
            _push.c.channel,
            _push.c.dead,
            func.count().label("number"),
            func.min(_push.c.created).label("since"),
        ).group_by(_push.c.channel, _push.c.dead)
        with self._database.read() as connection:
            ready = ready.where(FREE) if any_stopped(connection) else ready
            due = {row.channel: row.due for row in connection.execute(ready)}
            found = connection.execute(pushes).all()
        waiting, given_up = _of(found, tables.WAITING), _of(found, tables.GIVEN_UP)
        return {
            channel: ChannelWaits(
                due.get(channel), waiting[channel].number, waiting[channel].since, given_up[channel].number
            )
            for channel in {*due, *waiting, *given_up}
        }

    def templates(self) -> dict[tuple[str, str], int]:
        """Return the number of templates that are not deleted, by channel and status of review."""
        query = (
            select(_template.c.channel, _template.c.status, func.count().label("number"))
            .where(_template.c.deleted.is_(None))
            .group_by(_template.c.channel, _template.c.status)
        )
        with self._database.read() as connection:
            return {(row.channel, row.status): row.number for row in connection.execute(query)}


def _of(rows: Sequence[Any], dead: int) -> dict[str, _Pushes]:
    found = {row.channel: _Pushes(row.number, row.since) for row in rows if row.dead == dead}
    return defaultdict(_Pushes, found)
