"""How many recipients of a channel wait, known without counting them for every send.

Counting costs time in proportion to what waits (some 100 ms for a million batches), and would be done in the
transaction of each send.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from ..database import tables

_PENDING = select(func.coalesce(func.sum(tables.batch.c.count), 0)).where(
    tables.batch.c.channel == bindparam("of"), tables.UNFINISHED
)
_FRESH_S = 1.0
_SHARE = 50
"""At most one part in so many of a process's time is spent counting."""


class Overfull(Exception):
    """The channel already has as many pending recipients as it may; nothing was stored."""

    def __init__(self, pending: int) -> None:
        super().__init__(f"{pending} recipients are pending")
        self.pending = pending


@dataclass(slots=True)
class _Known:
    total: int
    until: float


class Pending:
    """The pending recipients of each channel: counted now and then, with what was accepted here since.

    What other processes accept in between is seen at the next count, a second later or, under a long queue,
    some more; what was sent meanwhile is too. So a refusal is never given without counting.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def make_room(self, connection: Connection, channel: str, count: int, most: int) -> None:
        """Make room for so many more; raises Overfull when the channel would have more than `most`."""
        with self._lock:
            known = self._known.get(channel)
            if known is not None and known.until > self._clock() and known.total + count <= most:
                known.total += count
                return
        known = self._counted(connection, channel)
        if known.total + count > most:
            raise Overfull(known.total)
        known.total += count
        with self._lock:
            self._known[channel] = known

    def _counted(self, connection: Connection, channel: str) -> _Known:
        begun = self._clock()
        total = pending(connection, channel)
        now = self._clock()
        return _Known(total, now + max(_FRESH_S, _SHARE * (now - begun)))


def pending(connection: Connection, channel: str) -> int:
    """Return how many recipients of the channel are not yet recorded, by counting."""
    return int(connection.execute(_PENDING, {"of": channel}).scalar_one())
