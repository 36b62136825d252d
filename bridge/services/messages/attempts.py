"""A vendor call as it is kept: what became of all its messages, and the vendor's own words."""

from collections.abc import Mapping
from itertools import groupby

from bridge.ledger import UNCALLED, Attempt, Claimed, Segment
from bridge.plugin import Outcome, SubmitResult


def attempt_of(
    claimed: Claimed,
    called: Mapping[int, SubmitResult],
    results: Mapping[int, SubmitResult],
    now: int,
) -> Attempt | None:
    """Return the call of a batch; None when nothing was handed over.

    `called`: what the vendor said, by seq; `results`: of all seqs, those refused here too. What was not
    sent is left out, unless that is all: it goes on elsewhere, with an attempt of its own.
    """
    kept = {seq: result for seq, result in called.items() if result.outcome is not Outcome.NOT_SENT}
    if not kept:
        return unsent_attempt(claimed, next(iter(called.values())), now) if called else None
    outcomes: dict[str, list[int]] = {}
    for outcome, seqs in groupby(sorted(kept), lambda seq: str(kept[seq].outcome)):
        outcomes.setdefault(outcome, []).extend(seqs)
    most = max(outcomes, key=lambda outcome: len(outcomes[outcome]))
    others = {outcome: seqs for outcome, seqs in outcomes.items() if outcome != most}
    if len(results) > len(called):
        others[UNCALLED] = sorted(results.keys() - called.keys())
    told = next((one for one in kept.values() if one.outcome is not Outcome.ACCEPTED), None)
    words = ("", "") if told is None else (told.code, told.reason)
    return Attempt(claimed.called or now, claimed.account, claimed.identity, now, most, others, *words)


def unsent_attempt(claimed: Claimed, result: SubmitResult, now: int) -> Attempt:
    """Return the call of messages that the vendor certainly did not take."""
    outcome = str(Outcome.NOT_SENT)
    called = claimed.called or now
    return Attempt(called, claimed.account, claimed.identity, now, outcome, {}, result.code, result.reason)


def named_segments(claimed: Claimed, results: Mapping[int, SubmitResult]) -> list[Segment]:
    """Return the segments that the vendor gave ids of their own, of all messages by their seqs."""
    return [
        segment
        for seq, result in results.items()
        for segment in Segment.named(claimed.id, seq, result.segment_ids)
    ]
