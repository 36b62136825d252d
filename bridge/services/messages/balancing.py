"""Weighted routes follow the health of accounts: a little at a time, seldom, and back again.

The guards are those of GOV.UK Notify (app/celery/scheduled_tasks.py, app/dao/provider_details_dao.py, read
2026-08-20): ten points at a time, not more than once in five minutes, not when all are slow (it is not the
account, then), and back to the configured weights after a quarter of an hour in which nothing had to change.
"""

from collections.abc import Mapping
from typing import NamedTuple

from bridge.clock import MINUTE_MS

WINDOW_MS = 15 * MINUTE_MS
STEP = 10
LEAST = 1
"""An account keeps a little, or nobody would see that it is well again."""
_PAUSE_MS = 5 * MINUTE_MS
_QUIET_MS = 15 * MINUTE_MS
_FEWEST = 20
"""Of fewer messages nothing can be said."""
_REFUSED = 0.10
_THROTTLED = 0.10
_SLOW = 0.25
"""A tenth is slower than the week's p90 by its definition."""


def shares(weights: Mapping[str, int]) -> dict[str, int]:
    """Return weights as shares of a hundred, so that ten points are the same whatever numbers are written.

    No account has less than the least.
    """
    total = sum(weights.values())
    exact = {name: 100 * weight / total for name, weight in weights.items()}
    found = {name: max(LEAST, int(share)) for name, share in exact.items()}
    by_rest = sorted(exact, key=lambda name: found[name] - exact[name])
    for name in by_rest[: max(0, 100 - sum(found.values()))]:
        found[name] += 1
    return found


class Performance(NamedTuple):
    """What an account did in the last quarter of an hour.

    `slow`: of the messages `timed`, delivered or overdue, those that took longer than its own week's p90.
    """

    messages: int = 0
    refused: int = 0
    throttled: int = 0
    timed: int = 0
    slow: int = 0

    @property
    def is_slow(self) -> bool:
        """True when too many messages are slower than they were for a week."""
        return self.timed >= _FEWEST and self.slow > _SLOW * self.timed

    def complaint(self) -> str:
        """Return what is wrong, "" for nothing."""
        tried = self.messages + self.throttled
        if tried >= _FEWEST and self.refused > _REFUSED * tried:
            return f"{self.refused} of {tried} messages were refused."
        if tried >= _FEWEST and self.throttled > _THROTTLED * tried:
            return f"{self.throttled} of {tried} messages were throttled."
        if self.is_slow:
            return f"{self.slow} of {self.timed} messages were slower than its week's p90."
        return ""


class Shift(NamedTuple):
    """One change of a weight, with its reason."""

    account: str
    before: int
    after: int
    reason: str


def shifts(
    configured: Mapping[str, int],
    current: Mapping[str, int],
    health: Mapping[str, Performance],
    changed_at: int,
    now: int,
) -> list[Shift]:
    """Return what is to change now; `changed_at`: when weights changed last (milliseconds, 0 for never)."""
    since_ms = now - changed_at
    # A change of the future was written by a clock that ran ahead: when it was made, nobody knows.
    if 0 <= since_ms < _PAUSE_MS:
        return []
    all_slow = all(health.get(name, Performance()).is_slow for name in configured)
    complaints = {name: health.get(name, Performance()).complaint() for name in configured}
    if all_slow:
        complaints = {name: "" if "slower" in why else why for name, why in complaints.items()}
    ill = [name for name, why in complaints.items() if why]
    well = [name for name in configured if name not in ill]
    if ill and well:
        return _away(current, ill, well, complaints)
    if not ill and not 0 <= since_ms < _QUIET_MS:
        return _back(configured, current)
    return []


def _away(
    current: Mapping[str, int], ill: list[str], well: list[str], complaints: Mapping[str, str]
) -> list[Shift]:
    """Take ten points from the first that is ill, and give them to the lightest that is well."""
    worst = max(ill, key=lambda name: current[name])
    points = min(STEP, current[worst] - LEAST)
    if points <= 0:
        return []
    other = min(well, key=lambda name: current[name])
    return [
        Shift(worst, current[worst], current[worst] - points, complaints[worst]),
        Shift(other, current[other], current[other] + points, f"The account {worst} is not well."),
    ]


def _back(configured: Mapping[str, int], current: Mapping[str, int]) -> list[Shift]:
    """Move every weight ten points toward what is configured."""
    reason = "Nothing was wrong for 15 minutes."
    found = []
    for name, goal in configured.items():
        gap = goal - current[name]
        if gap:
            step = max(-STEP, min(STEP, gap))
            found.append(Shift(name, current[name], current[name] + step, reason))
    return found
