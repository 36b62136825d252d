"""A claimed chunk goes to the vendor: read, screened, called once, and concluded.

This is the one place that turns what a vendor answered into statuses. Nothing here writes to the database:
the caller records the conclusion, so that many finished calls share one commit.
"""

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bridge import metrics
from bridge.channels import OpenChannel
from bridge.channels.dispatch import SENDING
from bridge.ledger import BatchInfo, Claimed, Conclusion, Ledger, MessageRow, Requeue, Segment, clean
from bridge.ledger.refs import phone_key
from bridge.plugin import (
    Batch,
    CredentialsRejected,
    MessageStatus,
    NotAccepted,
    Outcome,
    SubmitResult,
    VendorThrottled,
    rejected,
    unknown,
)

from .drafting import Draft, draft
from .records import Clock, millis

log = structlog.get_logger("bridge.dispatching")

_HOLD_MS = 60_000
_LEASE_MARGIN_MS = 2_000
_SHORTEST_DEFERRAL_MS = 1_000
_LONGEST_WAIT_S = 300.0
_LONGEST_ASKED_S = 3600.0
_MOST_SEGMENTS = 32_767
_STATUS = {
    Outcome.ACCEPTED: MessageStatus.ACCEPTED,
    Outcome.REJECTED: MessageStatus.REJECTED,
    Outcome.UNKNOWN: MessageStatus.CALLING,
}
_FAILED = (Outcome.NOT_SENT, Outcome.UNKNOWN)
_HOUR_MS = 3_600_000


@dataclass(slots=True)
class Dispatched:
    """A chunk's conclusion, and the error that tells how the channel goes on: paused, slowed or as before."""

    conclusion: Conclusion
    error: NotAccepted | None = None
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)


class Dispatching:
    """Dispatches chunks of one channel; used by several threads at once."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._ledger = ledger
        self._clock = clock
        self._reconcile_after_ms = int(channel.settings.reconcile_after_s * 1000)

    @property
    def pushes(self) -> bool:
        """Whether ends of messages are pushed to Quick Audience."""
        settings = self._channel.settings
        return settings.receipts == "push" and bool(settings.callback_url)

    def run(self, chunk: Claimed) -> Dispatched:
        """Call the vendor for a chunk, once. Never raises: a failure before the call puts the chunk back."""
        try:
            info = self._ledger.info(chunk)
            drafted = draft(chunk, info)
            refused, deferred = self._screen(drafted)
        except Exception as error:
            log.exception("chunk held back", channel=self._channel.name, error=type(error).__name__)
            return Dispatched(self._held(chunk))
        if deferred or drafted.duplicates:
            return self._split(chunk, info, drafted, deferred)
        results = {**drafted.results, **refused}
        batch = drafted.without(refused.keys())
        if batch is not None:
            results.update(self._call(chunk, batch, drafted))
        return self._conclude(chunk, info, drafted, results)

    def give_up(self, chunk: Claimed) -> Dispatched:
        """Conclude a chunk that passed its deadline unsent: every message has expired."""
        info = self._ledger.info(chunk)
        drafted = draft(chunk, info)
        late = SubmitResult(Outcome.REJECTED, code="EXPIRED", reason="The message could not be sent in time.")
        results = {**dict.fromkeys([*drafted.seqs, *drafted.duplicates], late), **drafted.results}
        concluded = self._conclude(chunk, info, drafted, results)
        rows = [
            row._replace(status=MessageStatus.EXPIRED) if row.code == "EXPIRED" else row
            for row in concluded.conclusion.rows
        ]
        return Dispatched(_with_rows(concluded.conclusion, rows), outcomes=concluded.outcomes)

    def lapse(self, chunk: Claimed) -> Dispatched:
        """Conclude a chunk whose worker vanished in the call: the outcome of every message is unknown."""
        if chunk.called is None:
            return self.give_up(chunk)
        info = self._ledger.info(chunk)
        drafted = draft(chunk, info)
        lost = unknown("The bridge was interrupted while it called the vendor.", "INTERRUPTED")
        results = {**dict.fromkeys([*drafted.seqs, *drafted.duplicates], lost), **drafted.results}
        lapsed = self._conclude(chunk, info, drafted, results)
        if lapsed.conclusion.check_at is None:
            return lapsed
        # The worker may be slow, not gone: absence is no proof while its call may still arrive.
        check_at = max(lapsed.conclusion.check_at, chunk.lease)
        return replace(lapsed, conclusion=replace(lapsed.conclusion, check_at=check_at))

    def _screen(self, drafted: Draft) -> tuple[dict[int, SubmitResult], dict[int, int]]:
        """The places that policies refuse, and those they defer, until when (milliseconds)."""
        refused: dict[int, SubmitResult] = {}
        deferred: dict[int, int] = {}
        verdicts = self._channel.hooks.screen(drafted.batch) if drafted.batch else []
        for seq, verdict in zip(drafted.seqs, verdicts, strict=True):
            if verdict.defer_until is not None:
                deferred[seq] = int(verdict.defer_until.timestamp() * 1000)
            elif verdict.code:
                refused[seq] = rejected(verdict.code, verdict.reason)
        return refused, deferred

    def _split(
        self, chunk: Claimed, info: BatchInfo, drafted: Draft, deferred: Mapping[int, int]
    ) -> Dispatched:
        """Put deferred places and repeated numbers into chunks of their own, before anything is called.

        So a chunk that is called holds nothing but what is called or already refused, and a crash in the
        call leaves no message in doubt that was never handed over.
        """
        now = millis(self._clock)
        groups: dict[int, list[int]] = {}
        for seq in range(len(drafted.recipients.phones)):
            if seq not in drafted.duplicates:
                due = max(deferred[seq], now + _SHORTEST_DEFERRAL_MS) if seq in deferred else now
                groups.setdefault(due, []).append(seq)
        again = [Requeue(drafted.recipients.pick(places), due) for due, places in groups.items()]
        if drafted.duplicates:
            again.append(Requeue(drafted.recipients.pick(drafted.duplicates), now))
        if len(again) == 1:
            return Dispatched(
                Conclusion(chunk, info.out_id, info.sign_name, self.pushes, retry_at=again[0].due)
            )
        return Dispatched(Conclusion(chunk, info.out_id, info.sign_name, self.pushes, again=again))

    def _call(self, chunk: Claimed, batch: Batch, drafted: Draft) -> dict[int, SubmitResult]:
        seqs = [drafted.seq_of[message.ref] for message in batch.messages]
        # A worker that was stopped for long must not call under a lease that others may hold lapsed.
        if millis(self._clock) > chunk.lease - _LEASE_MARGIN_MS:
            late = NotAccepted("The worker came too late to call the vendor.", code="LEASE_TOO_SHORT")
            return dict.fromkeys(seqs, SubmitResult(Outcome.NOT_SENT, code=late.code, error=late))
        name, hook = self._channel.name, SENDING[batch.template.kind]
        metrics.DISPATCHED.labels(name).inc(len(seqs))
        started = time.perf_counter()
        results = self._channel.hooks.send(batch)
        metrics.VENDOR_SECONDS.labels(name, hook).observe(time.perf_counter() - started)
        for code in {result.code for result in results if result.outcome in _FAILED}:
            metrics.VENDOR_ERRORS.labels(name, hook, code).inc()
        return dict(zip(seqs, results, strict=True))

    def _held(self, chunk: Claimed) -> Conclusion:
        retry_at = millis(self._clock) + _HOLD_MS
        return Conclusion(chunk, "", "", self.pushes, retry_at=retry_at)

    def _conclude(
        self, chunk: Claimed, info: BatchInfo, drafted: Draft, results: Mapping[int, SubmitResult]
    ) -> Dispatched:
        now = millis(self._clock)
        unsent = [seq for seq, result in results.items() if result.outcome is Outcome.NOT_SENT]
        counts = dict.fromkeys(Outcome, 0)
        for result in results.values():
            counts[result.outcome] += 1
        error = _gravest(results[seq].error for seq in unsent)
        retry_at = now + int(_wait_s(chunk.attempt, error) * 1000)
        whole = bool(unsent) and len(unsent) == len(results)
        conclusion = Conclusion(
            chunk,
            info.out_id,
            info.sign_name,
            self.pushes,
            rows=[
                self._row(chunk, drafted, seq, results[seq], now)
                for seq in sorted(results.keys() - set(unsent))
            ],
            segments=named_segments(chunk, results),
            again=[] if whole or not unsent else [Requeue(drafted.recipients.pick(sorted(unsent)), retry_at)],
            retry_at=retry_at if whole else None,
            check_at=now + self._reconcile_after_ms if counts[Outcome.UNKNOWN] else None,
            deadline=now + int(self._channel.settings.unknown_deadline_h * _HOUR_MS),
            opted_out=[drafted.phones[seq].digits for seq, result in results.items() if result.opted_out],
        )
        return Dispatched(conclusion, error, counts)

    def _row(self, chunk: Claimed, drafted: Draft, seq: int, result: SubmitResult, now: int) -> MessageRow:
        phone = drafted.phones.get(seq)
        raw = drafted.raw(seq)
        sent = chunk.called or now
        status = _STATUS[result.outcome]
        return MessageRow(
            chunk.id,
            seq,
            raw,
            phone_key(chunk.channel, phone.digits if phone else raw, sent),
            int(status),
            clean(result.vendor_id, 128),
            clean(result.code, 128),
            clean(result.reason),
            min(drafted.segments(seq), _MOST_SEGMENTS),
            sent,
            now if status.final else None,
        )


def named_segments(chunk: Claimed, results: Mapping[int, SubmitResult]) -> list[Segment]:
    """The segments that the vendor gave ids of their own, of all messages by their places."""
    return [
        segment
        for seq, result in results.items()
        for segment in Segment.named(chunk.id, seq, result.segment_ids)
    ]


def _gravest(errors: Iterable[NotAccepted | None]) -> NotAccepted | None:
    """The error that decides for the channel: refused credentials before any other."""
    found = [error for error in errors if error is not None]
    return next(
        (error for error in found if isinstance(error, CredentialsRejected)), found[0] if found else None
    )


def _wait_s(attempt: int, error: NotAccepted | None) -> float:
    """How long to wait before the next attempt: what the vendor asked for, else longer each time."""
    if error is not None and error.retry_after is not None:
        return min(max(error.retry_after, 0.1), _LONGEST_ASKED_S) * random.uniform(1.0, 1.2)
    base: float = 1.0 if isinstance(error, VendorThrottled) else 2.0
    longest = min(base * 2.0 ** min(attempt - 1, 10), _LONGEST_WAIT_S)
    return longest * random.uniform(0.5, 1.0)


def _with_rows(conclusion: Conclusion, rows: Sequence[MessageRow]) -> Conclusion:
    return Conclusion(conclusion.chunk, conclusion.out_id, conclusion.sign_name, conclusion.pushes, rows=rows)
