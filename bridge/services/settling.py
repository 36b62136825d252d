"""Outcomes that are not known: asked about, decided at their deadline, and receipts that never came.

A message is sent again only on the vendor's proof of its absence, or where the channel's policy says so.
"""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from bridge import metrics
from bridge.channels import OpenChannel
from bridge.ledger import (
    BatchInfo,
    Claimed,
    Climb,
    Detail,
    Duty,
    Ledger,
    LedgerUnavailable,
    Settlement,
    Span,
    clean,
)
from bridge.ledger.refs import to_ref
from bridge.plugin import MessageStatus, Outcome, SubmitResult

from .dispatching import Dispatched, Dispatching, named_segments
from .drafting import draft
from .receiving import count_ended
from .records import Clock, millis

log = structlog.get_logger("bridge.settling")

_LIMIT = 20
_SWEEP = 1000
_HOUR_MS = 3_600_000
_LONGEST_CHECK_MS = _HOUR_MS
# A sweep reads all that was sent within the retention time, so it is not made often.
_SHORTEST_SWEEP_MS = 10 * 60_000
_LONGEST_SWEEP_MS = 6 * _HOUR_MS
_STATUS = {Outcome.ACCEPTED: MessageStatus.ACCEPTED, Outcome.REJECTED: MessageStatus.REJECTED}


class Settling:
    """Settles one channel's unknown outcomes, and ends what nobody will report on any more."""

    def __init__(
        self, channel: OpenChannel, dispatching: Dispatching, ledger: Ledger, clock: Clock, *, lease_ms: int
    ) -> None:
        self._channel = channel
        self._dispatching = dispatching
        self._ledger = ledger
        self._clock = clock
        self._lease_ms = lease_ms

    def run(self, owner: str) -> int:
        """Look after chunks whose outcome is unknown and due; how many were looked after."""
        chunks = self._ledger.chunks.claim_unknown(
            self._channel.name, owner, limit=_LIMIT, now=millis(self._clock), lease_ms=self._lease_ms
        )
        for chunk in chunks:
            try:
                self._settle(chunk)
            except LedgerUnavailable:
                raise
            except Exception:
                # It is looked after again when this claim has lapsed; the others are not to wait for it.
                log.exception("not settled", channel=self._channel.name, chunk=to_ref(chunk.id))
        return len(chunks)

    def lapse(self, chunk: Claimed) -> Dispatched:
        """The conclusion for a chunk whose worker vanished during the call."""
        log.warning(
            "outcome unknown", channel=self._channel.name, recipients=chunk.count, cause="lease lapsed"
        )
        return self._dispatching.lapse(chunk)

    def give_up(self, chunk: Claimed) -> Dispatched:
        """The conclusion for a chunk that could not be sent before its deadline."""
        return self._dispatching.give_up(chunk)

    def sweep(self, owner: str) -> int:
        """End accepted messages whose receipt never came within the deadline; how many there were.

        Each sweep looks at all of them: a message may be sent, or its acceptance learned, long after others.
        """
        name = f"sweep/{self._channel.name}"
        now = millis(self._clock)
        if self._ledger.coordination.lease(name, owner, now=now, lease_ms=self._lease_ms) is None:
            return 0
        span, place, total = Span(0, now - self._deadline_ms), (0, 0), 0
        while overdue := self._ledger.history.awaiting(self._channel.name, span, after=place, limit=_SWEEP):
            self._end_overdue(overdue, Duty(name, owner, "", millis(self._clock) + self._lease_ms))
            place = (overdue[-1].chunk_id, overdue[-1].seq)
            total += len(overdue)
        wait_ms = min(max(self._deadline_ms // 12, _SHORTEST_SWEEP_MS), _LONGEST_SWEEP_MS)
        self._ledger.coordination.yield_duty(name, owner, due=now + wait_ms)
        return total

    @property
    def _deadline_ms(self) -> int:
        return int(self._channel.settings.unknown_deadline_h * _HOUR_MS)

    def _end_overdue(self, overdue: Sequence[Detail], duty: Duty) -> None:
        now = millis(self._clock)
        reason = "The vendor took the message but never reported what became of it."
        climbs = [
            Climb(detail.chunk_id, detail.seq, int(MessageStatus.UNKNOWN), "", "NO_RECEIPT", reason, now)
            for detail in overdue
        ]
        ended = self._ledger.end(self._channel.name, climbs, duty, pushes=self._dispatching.pushes, now=now)
        count_ended(self._channel.name, ended)
        log.warning("receipts never came", channel=self._channel.name, messages=len(ended))

    def _settle(self, chunk: Claimed) -> None:
        info = self._ledger.info(chunk)
        now = millis(self._clock)
        seqs = [seq for seq, _, _ in self._ledger.chunks.open_messages(chunk.id)]
        settlement = Settlement(
            chunk,
            info.out_id,
            info.sign_name,
            self._dispatching.pushes,
            resend_due=now,
            resend_deadline=self._last_moment(info),
            check_at=self._next_check(chunk, now),
        )
        if seqs and self._channel.hooks.supports("reconcile_batch"):
            settlement = self._by_lookup(settlement, seqs, now)
        if now >= chunk.deadline:
            known = {climb.seq for climb in settlement.climbs}.union(settlement.resend)
            settlement = self._by_policy(settlement, [seq for seq in seqs if seq not in known], now)
        recorded = self._ledger.chunks.settle(settlement, now)
        count_ended(self._channel.name, recorded.ended)

    def _by_policy(self, settlement: Settlement, seqs: Sequence[int], now: int) -> Settlement:
        if not seqs:
            return settlement
        if self._channel.settings.unknown_policy == "resend" and now < settlement.resend_deadline:
            log.warning(
                "unknown outcomes sent again by policy", channel=self._channel.name, messages=len(seqs)
            )
            return replace(settlement, resend=sorted([*settlement.resend, *seqs]))
        reason = "It is not known whether the vendor took the message; it was not sent again."
        climbs = [
            Climb(settlement.chunk.id, seq, int(MessageStatus.UNKNOWN), "", "OUTCOME_UNKNOWN", reason, now)
            for seq in seqs
        ]
        return replace(settlement, climbs=[*settlement.climbs, *climbs])

    def _by_lookup(self, settlement: Settlement, seqs: Sequence[int], now: int) -> Settlement:
        drafted = draft(settlement.chunk, self._ledger.info(settlement.chunk), only=seqs)
        if drafted.batch is None:
            return settlement
        results = dict(zip(drafted.seqs, self._channel.hooks.reconcile(drafted.batch), strict=True))
        for outcome in Outcome:
            count = sum(result.outcome is outcome for result in results.values())
            metrics.OUTCOMES.labels(self._channel.name, f"reconciled_{outcome}").inc(count)
        return replace(
            settlement,
            climbs=[
                _climb(settlement.chunk.id, seq, result, now)
                for seq, result in results.items()
                if result.outcome in _STATUS
            ],
            segments=named_segments(settlement.chunk, results),
            resend=[seq for seq, result in results.items() if result.outcome is Outcome.NOT_SENT],
            opted_out=[drafted.phones[seq].digits for seq, result in results.items() if result.opted_out],
        )

    def _last_moment(self, info: BatchInfo) -> int:
        """Until when messages of a batch may be sent again: after that they are of no use to anybody."""
        return info.created + 2 * self._deadline_ms

    def _next_check(self, chunk: Claimed, now: int) -> int:
        """Less and less often: half its age later, at most an hour, never past the deadline."""
        first = int(self._channel.settings.reconcile_after_s * 1000)
        age = now - (chunk.called or now)
        return min(now + min(max(age // 2, first), _LONGEST_CHECK_MS), max(chunk.deadline, now + 1000))


def _climb(chunk_id: int, seq: int, result: SubmitResult, now: int) -> Climb:
    return Climb(
        chunk_id,
        seq,
        int(_STATUS[result.outcome]),
        clean(result.vendor_id, 128),
        clean(result.code, 128),
        clean(result.reason),
        now,
    )
