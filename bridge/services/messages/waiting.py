"""How long what was not sent waits for its next attempt, and what for."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bridge.clock import SECOND_MS, hours, seconds
from bridge.ledger import Hold, Why
from bridge.plugin import (
    ConfigurationRefused,
    CredentialsRejected,
    HeldUntil,
    NotAccepted,
    SubmitResult,
    VendorThrottled,
)

_LONGEST_WAIT_S = 300.0
_LONGEST_ASKED_S = 3600.0
_LONGEST_HOLD_S = hours(36) / SECOND_MS
_MORNING_RUSH_S = 30.0
_FOR_A_PERSON_S = 30.0
"""The first wait of messages that a person must mend a template, signature or route for."""
_HOLDS: Sequence[tuple[type[NotAccepted], Hold]] = (
    (HeldUntil, Hold.VENDOR_HOURS),
    (VendorThrottled, Hold.THROTTLED),
    (ConfigurationRefused, Hold.REVIEW),
    (CredentialsRejected, Hold.PAUSE),
)


class Wait(NamedTuple):
    """When messages are tried again (milliseconds), and what they wait for."""

    due: int
    why: Why = Why()


def waits_of(
    unsent: Iterable[int],
    results: Mapping[int, SubmitResult],
    attempt: int,
    now: int,
    routes: Mapping[int, int | None],
) -> list[tuple[Wait, list[int]]]:
    """Group the seqs that were not sent by when they are tried again, each kind of error by itself.

    `routes`: of seqs that must not be together with those of another. Returns due times in milliseconds
    with the reason, and the seqs.
    """
    kinds: dict[tuple[object, ...], list[int]] = {}
    errors: dict[tuple[object, ...], NotAccepted | None] = {}
    for seq in sorted(unsent):
        error = results[seq].error
        kind: tuple[object, ...] = (type(error), getattr(error, "until", None), routes.get(seq))
        kinds.setdefault(kind, []).append(seq)
        errors.setdefault(kind, error)
    return [
        (Wait(now + seconds(_wait_s(attempt, errors[kind], now)), _why(errors[kind])), seqs)
        for kind, seqs in kinds.items()
    ]


def _why(error: NotAccepted | None) -> Why:
    """Say what messages wait for that the vendor did not take, in its own words."""
    if error is None:
        return Why(Hold.RETRY)
    hold = next((hold for kind, hold in _HOLDS if isinstance(error, kind)), Hold.RETRY)
    return Why(hold, f"{error.reason} ({error.code})")


def _wait_s(attempt: int, error: NotAccepted | None, now: int) -> float:
    """Tell how long to wait before the next attempt: what the vendor asked for, else longer each time."""
    if isinstance(error, HeldUntil):
        held_s = error.until.timestamp() - now / 1000
        return min(max(held_s, 1.0), _LONGEST_HOLD_S) + random.uniform(0.0, _MORNING_RUSH_S)
    if isinstance(error, ConfigurationRefused):
        return min(_FOR_A_PERSON_S * 2.0 ** min(attempt - 1, 10), _LONGEST_ASKED_S) * random.uniform(0.5, 1.0)
    if error is not None and error.retry_after is not None:
        return min(max(error.retry_after, 0.1), _LONGEST_ASKED_S) * random.uniform(1.0, 1.2)
    base: float = 1.0 if isinstance(error, VendorThrottled) else 2.0
    longest = min(base * 2.0 ** min(attempt - 1, 10), _LONGEST_WAIT_S)
    return longest * random.uniform(0.5, 1.0)
