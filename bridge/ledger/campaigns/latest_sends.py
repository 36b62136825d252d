"""What was accepted of late, by hour, and what became of it: from sends and their tallies alone."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import func, select

from bridge.clock import HOUR_MS

from ..database import tables
from ..database.dialects import lit
from ..database.engine import Database

_send, _tally = tables.send, tables.tally


class HourOf(NamedTuple):
    """So many recipients of a channel were accepted in an hour, which is counted from 1970."""

    channel: str
    hour: int
    recipients: int


class BecameOf(NamedTuple):
    """So many messages of a channel stand at a status, with a code."""

    channel: str
    status: int
    code: str
    number: int


class LatestSends:
    """Reads of the latest sends."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hours(self, channels: Collection[str], since: int) -> list[HourOf]:
        """Return the recipients accepted since then, by channel and hour."""
        hour = (_send.c.created // lit(HOUR_MS)).label("hour")
        rows = (
            select(_send.c.channel, hour, func.sum(_send.c.count).label("number"))
            .where(_send.c.created >= since, _send.c.channel.in_(channels))
            .group_by(_send.c.channel, hour)
        )
        with self._database.read() as connection:
            return [HourOf(row.channel, int(row.hour), int(row.number)) for row in connection.execute(rows)]

    def became(self, channels: Collection[str], since: int) -> list[BecameOf]:
        """Return where the messages of the sends since then stand, by channel, status and code."""
        kind = (_send.c.channel, _tally.c.status, _tally.c.code)
        number = func.sum(_tally.c.count).label("number")
        rows = (
            select(*kind, number)
            .join_from(_send, _tally, _tally.c.send_id == _send.c.id)
            .where(_send.c.created >= since, _send.c.channel.in_(channels))
            .group_by(*kind)
            .having(number != 0)
        )
        with self._database.read() as connection:
            return [
                BecameOf(row.channel, row.status, row.code, int(row.number))
                for row in connection.execute(rows)
            ]
