"""Time as the bridge counts it: milliseconds since 1970, from a clock that is handed in so tests own it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Seconds since 1970."""

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
FOREVER_MS = 1 << 62
"""Later than any time: until a person ends it."""


def uptime() -> float:
    """Return the seconds since the machine began, its sleep included where the system tells."""
    # Unlike the time of the day, nobody sets it.
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Watch:
    """Watches a clock by one that nobody sets, the `tick`, from its making on. May be used by many threads.

    Steps up to `apart_s` are none: clocks may be so far apart.
    """

    def __init__(self, clock: Clock, tick: Clock, apart_s: float) -> None:
        self._clock, self._tick = clock, tick
        self._least_s = max(apart_s, 1.0)
        self._began = tick()
        self._known = self._lowest = clock() - tick()

    def step(self) -> int:
        """Return by how many milliseconds the clock was set since `believe`, below zero where back."""
        offset = self._clock() - self._tick()
        self._lowest = min(self._lowest, offset)
        forward, back = offset - self._lowest, offset - self._known
        if forward > self._least_s:
            return seconds(forward)
        return seconds(back) if back < -self._least_s else 0

    def believe(self) -> None:
        """Take the clock as it is now for right."""
        self._known = self._lowest = self._clock() - self._tick()

    @property
    def began(self) -> int:
        """When the watch began, by the clock as it is now."""
        return seconds(self._clock() - (self._tick() - self._began))


def millis(clock: Clock) -> int:
    """Return the time now."""
    return int(clock() * SECOND_MS)


def millis_of(at: datetime) -> int:
    """Return a moment with a time zone as milliseconds."""
    return int(at.timestamp() * SECOND_MS)


def iso(milliseconds: int) -> str | None:
    """Return a time of the ledger as text for programs, in UTC; None for FOREVER_MS."""
    return None if milliseconds >= FOREVER_MS else moment(milliseconds).isoformat(timespec="seconds")


def moment(milliseconds: int) -> datetime:
    """Return milliseconds as a moment in UTC."""
    return datetime.fromtimestamp(milliseconds / SECOND_MS, UTC)


def seconds(count: float) -> int:
    """Return a number of seconds as milliseconds."""
    return int(count * SECOND_MS)


def hours(count: float) -> int:
    """Return a number of hours as milliseconds."""
    return int(count * HOUR_MS)
