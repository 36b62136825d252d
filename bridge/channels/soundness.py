"""Checks that what a plugin answered to a batch has the form that it promised."""

from collections.abc import Sequence

from bridge.plugin import Batch, Outcome, SubmitResult, Verdict


def sound(results: Sequence[object], batch: Batch) -> bool:
    """Return True for one result per message, each of its type, and none unsent without a reason."""
    return len(results) == len(batch.messages) and all(
        type(result) is SubmitResult and (result.outcome is not Outcome.NOT_SENT or result.error is not None)
        for result in results
    )


def decided(verdicts: object, batch: Batch) -> bool:
    """Return True for one verdict per message, each with a moment in a zone."""
    return (
        isinstance(verdicts, Sequence)
        and len(verdicts) == len(batch.messages)
        and all(
            type(verdict) is Verdict
            and (verdict.defer_until is None or verdict.defer_until.utcoffset() is not None)
            for verdict in verdicts
        )
    )
