"""The rule of failover: what the end of an attempt allows, as data.

A message goes to another account only when its attempt ended in a class that proves non-acceptance.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from bridge.plugin import (
    BridgeError,
    ConfigurationRefused,
    CredentialsRejected,
    NotAccepted,
    Outcome,
    SubmitResult,
    VendorUnreachable,
)


class Then(StrEnum):
    """What becomes of a message after an attempt."""

    ANOTHER = "another"  # another account takes it at once
    WAIT = "wait"  # it waits for this account, at most `failover_after_s`; then another takes it
    ELIGIBLE = "eligible"  # another takes it at once, and this one never again
    FINAL = "final"  # it has come to its end: no account takes it
    PROOF = "proof"  # no account takes it before a look-up at this one has proved its absence


BY_OUTCOME: Mapping[Outcome, Then] = {
    Outcome.ACCEPTED: Then.FINAL,  # and accepted it stays, whatever a receipt says later
    Outcome.REJECTED: Then.FINAL,  # number or message: another account would break a block list
    Outcome.UNKNOWN: Then.PROOF,
    Outcome.NOT_SENT: Then.WAIT,
}
BY_ERROR: Mapping[type[BridgeError], Then] = {
    VendorUnreachable: Then.ANOTHER,  # not a byte left
    CredentialsRejected: Then.ANOTHER,  # and the account pauses
    ConfigurationRefused: Then.ELIGIBLE,  # template, signature or country are not approved at this account
    NotAccepted: Then.WAIT,  # throttled, unavailable, and whatever else says "not accepted"
}
"""For what was not sent: the first class that the error is of, most particular first."""


def then(result: SubmitResult) -> Then:
    """Return what becomes of a message whose attempt ended like this."""
    if result.outcome is not Outcome.NOT_SENT or result.error is None:
        return BY_OUTCOME[result.outcome]
    return next(what for kind, what in BY_ERROR.items() if isinstance(result.error, kind))


class Handover(NamedTuple):
    """From when on (milliseconds) another account may take a message; None for never.

    `bars`: this one may not any more.
    """

    yields: int | None = None
    bars: bool = False


def elsewhere(what: Then, now: int, since: int | None, wait_ms: int) -> Handover:
    """Return when another account may take a message, `since`: what was said of it at its attempts before."""
    if what is Then.WAIT:
        return Handover(now + wait_ms if since is None else since)
    if what is Then.ANOTHER:
        return Handover(now)
    if what is Then.ELIGIBLE:
        return Handover(now, bars=True)
    return Handover()
