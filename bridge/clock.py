"""Time as the bridge counts it: milliseconds since 1970, from a clock that is handed in so tests own it."""

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
