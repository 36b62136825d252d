"""What the results of one call say of the vendor account."""

from collections.abc import Collection, Iterable

from bridge.plugin import (
    ConfigurationRefused,
    CredentialsRejected,
    HeldUntil,
    NotAccepted,
    Outcome,
    SubmitResult,
    VendorThrottled,
    VendorUnavailable,
)


def failure_of(results: Collection[SubmitResult]) -> str | None:
    """Return why a call failed, "" if the vendor answered it, None if neither can be said.

    Throttling, refused credentials and configuration have consequences of their own.
    """
    for result in results:
        if result.outcome is Outcome.UNKNOWN or isinstance(result.error, VendorUnavailable):
            reason = result.error.reason if result.error else result.reason
            return reason or "The vendor gave no reason."
    answered = any(result.outcome in (Outcome.ACCEPTED, Outcome.REJECTED) for result in results)
    return "" if answered else None


def gravest(errors: Iterable[NotAccepted | None]) -> NotAccepted | None:
    """Find the error that decides for the channel: refused credentials, then a rate, before any other."""
    found = [error for error in errors if error is not None]
    return min(found, key=_gravity, default=None)


def _gravity(error: NotAccepted) -> int:
    if isinstance(error, HeldUntil):
        return 3
    kinds = (CredentialsRejected, VendorThrottled, ConfigurationRefused)
    return next((index for index, kind in enumerate(kinds) if isinstance(error, kind)), 3)
