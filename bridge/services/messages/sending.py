"""A claimed batch goes to the vendor: read, screened, called once, and concluded.

What a call answered becomes statuses here, what a look-up answers later in `settling`. Nothing here writes
to the database: the caller records the conclusion, so that many finished calls share one commit.
"""

import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bridge import metrics, tracing
from bridge.channels import OpenChannel
from bridge.channels.hooks import SENDING
from bridge.clock import MINUTE_MS, Clock, millis, millis_of, seconds
from bridge.ledger import (
    CampaignState,
    Claimed,
    Conclusion,
    Hold,
    Ledger,
    MessageRow,
    Requeue,
    SendInfo,
    Why,
    clean,
)
from bridge.ledger.refs import phone_key
from bridge.plugin import (
    Batch,
    BridgeError,
    ConfigurationRefused,
    MessageStatus,
    NotAccepted,
    Outcome,
    SubmitResult,
    rejected,
    unknown,
)
from bridge.plugin.status import AFTER_CALL

from ..history import asking
from ..pricing import Pricing
from ..sentences import CANCELLED, OWN
from .account_health import failure_of, gravest
from .attempts import attempt_of, named_segments, unsent_attempt
from .drafting import Draft, draft
from .failover import elsewhere, then
from .patience import Patience
from .routing import Routing
from .waiting import Wait, waits_of

log = structlog.get_logger("bridge.sending")

_HOLD_MS = MINUTE_MS
_LOOK_AGAIN_MS = 1_000
_LEASE_MARGIN_MS = 2_000
_SHORTEST_DEFERRAL_MS = 1_000
_LONGEST_TURN_MS = 3_000
"""Two workers that wait for each other come back at different moments."""
_TURN = "Another message to the recipient is being sent; it counts first."
_MOST_SEGMENTS = 32_767
_FAULT = "The bridge could not prepare the messages; its log says why."
_TOO_LATE = "NOT_SENT_IN_TIME"
_IN_DOUBT = "OUTCOME_UNKNOWN"
_FAILED = (Outcome.NOT_SENT, Outcome.UNKNOWN)
_NOT_CALLED: Mapping[int, SubmitResult] = {}


class _Late(NotAccepted):
    """The vendor was not called: others may have taken over what it was to be called with."""


@dataclass(slots=True)
class Sent:
    """A batch's conclusion, and the error that tells how the channel goes on: paused, slowed or as before.

    `outcomes`: of the messages that the vendor was called with; none where it was not called.
    """

    conclusion: Conclusion
    error: NotAccepted | None = None
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    failure: str | None = None
    """What the call showed of the vendor account: "" that it works, a reason that it fails, None neither."""
    lapsed: bool = False
    """The worker vanished in the call."""

    @property
    def channel(self) -> str:
        """The channel that was sent for."""
        return self.conclusion.batch.channel


class Sending:
    """Sends the batches of one channel; used by several threads at once."""

    def __init__(
        self,
        channel: OpenChannel,
        routing: Routing,
        pricing: Pricing,
        ledger: Ledger,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._channel = channel
        self._routing = routing
        self._pricing = pricing
        self._ledger = ledger
        self._clock = clock
        self._failover_ms = seconds(channel.settings.failover_after_s)
        self._patience = patience

    @property
    def pushes(self) -> bool:
        """Return whether ends of messages are pushed to Quick Audience."""
        settings = self._channel.settings
        return settings.receipts == "push" and bool(settings.callback_url)

    def run(self, claimed: Claimed) -> Sent:
        """Call the vendor for a batch, once. Never raises: a failure before the call puts the batch back."""
        try:
            accepted = self._ledger.info(claimed)
            info, unfit = self._routing.fit(claimed.account, accepted)
            if unfit or info is None:
                return Sent(self._unfit(claimed, accepted, unfit))
            drafted = self._drafted(claimed, info)
            others = self._routing.of_others(drafted)
            refused, deferred = ({}, {}) if others else self._screen(claimed, drafted)
        except Exception as error:
            log.exception("batch held back", channel=self._channel.name, error=type(error).__name__)
            return Sent(self._held(claimed, error))
        if others:
            return Sent(Conclusion(claimed, info.out_id, info.sign_name, self.pushes, again=others))
        if deferred or drafted.duplicates:
            return self._split(drafted, deferred)
        results = {**drafted.results, **refused}
        batch = drafted.without(refused.keys())
        with tracing.linked(info.trace):
            called = self._call(claimed, batch, drafted) if batch is not None else {}
        sent = self._conclude(drafted, results | called, called)
        sent.failure = failure_of(called.values())
        return sent

    def _drafted(self, claimed: Claimed, info: SendInfo) -> Draft:
        drafted = draft(claimed, info)
        drafted.priced = self._pricing.numbers(claimed.account, info.type, claimed.called or info.created)
        return drafted

    def at_account(self, claimed: Claimed, info: SendInfo) -> SendInfo:
        """Return a send with the template as the account that was called knows it.

        Reviews may have changed since the call: whoever may have been handed over is taken for it.
        """
        known = self._routing.fit(claimed.account, info).info or info
        if known is info and not self._channel.several:
            return info
        return replace(known, template={**known.template, "refused": []})

    def expire(self, claimed: Claimed) -> Sent:
        """Conclude a batch that is not to be called any more: its messages end, never handed to a vendor.

        It passed its deadline unsent, or its campaign was cancelled.
        """
        info = self._ledger.info(claimed)
        drafted = draft(claimed, info)
        cancelled = self._ledger.controlling.state_of_send(claimed.send_id) is CampaignState.CANCELLED
        code = CANCELLED if cancelled else _TOO_LATE
        late = SubmitResult(Outcome.REJECTED, code=code, reason=OWN[code])
        results = {**dict.fromkeys([*drafted.seqs, *drafted.duplicates], late), **drafted.results}
        concluded = self._conclude(drafted, results)
        rows = [
            row._replace(status=MessageStatus.UNSENT) if row.code == code else row
            for row in concluded.conclusion.rows
        ]
        return Sent(_with_rows(concluded.conclusion, rows))

    def lapse(self, claimed: Claimed) -> Sent:
        """Conclude a batch whose worker vanished in the call: the outcome of every message is unknown."""
        if claimed.called is None:
            return self.expire(claimed)
        info = self.at_account(claimed, self._ledger.info(claimed))
        drafted = self._drafted(claimed, info)
        lost = unknown("The bridge was interrupted while it called the vendor.", "INTERRUPTED")
        called = dict.fromkeys([*drafted.seqs, *drafted.duplicates], lost)
        lapsed = self._conclude(drafted, {**called, **drafted.results}, called)
        if lapsed.conclusion.check_at is None:
            return lapsed
        # The worker may be slow, not gone: absence is no proof while its call may still arrive.
        check_at = max(lapsed.conclusion.check_at, self._patience.arrived(claimed.called))
        conclusion = replace(lapsed.conclusion, check_at=check_at)
        return replace(lapsed, conclusion=conclusion, failure=failure_of(called.values()), lapsed=True)

    def _screen(self, claimed: Claimed, drafted: Draft) -> tuple[dict[int, SubmitResult], dict[int, Wait]]:
        """Return the seqs that policies refuse, and those they defer: until when, and which policy."""
        refused: dict[int, SubmitResult] = {}
        deferred: dict[int, Wait] = {}
        with asking(claimed) as mine:
            verdicts = self._channel.hooks.screen(drafted.batch) if drafted.batch else []
        later = millis(self._clock) + random.randint(_SHORTEST_DEFERRAL_MS, _LONGEST_TURN_MS)
        turn = Wait(later, Why(Hold.POLICY, _TURN))
        for seq, verdict in zip(drafted.seqs, verdicts, strict=True):
            if verdict.defer_until is not None:
                deferred[seq] = Wait(millis_of(verdict.defer_until), Why(Hold.POLICY, verdict.reason))
            elif verdict.code and drafted.phones[seq].digits in mine.busy:
                deferred[seq] = turn
            elif verdict.code:
                refused[seq] = rejected(verdict.code, verdict.reason)
        return refused, deferred

    def _split(self, drafted: Draft, deferred: Mapping[int, Wait]) -> Sent:
        """Put deferred seqs and repeated numbers into batches of their own, before anything is called.

        So a batch that is called holds nothing but what is called or already refused, and a crash in the
        call leaves no message in doubt that was never handed over.
        """
        claimed, info, now = drafted.claimed, drafted.info, millis(self._clock)
        groups: dict[Wait, list[int]] = {}
        for seq in range(len(drafted.recipients.phones)):
            if seq not in drafted.duplicates:
                wait = deferred.get(seq, Wait(now))
                soonest = now + _SHORTEST_DEFERRAL_MS if seq in deferred else now
                groups.setdefault(wait._replace(due=max(wait.due, soonest)), []).append(seq)
        parts = [(seqs, wait) for wait, seqs in groups.items()]
        if drafted.duplicates:
            parts.append((drafted.duplicates, Wait(now)))
        account = claimed.account if self._channel.several else ""
        again = [
            Requeue(drafted.recipients.pick(seqs), seqs, *wait, account, claimed.yields, claimed.barred)
            for seqs, wait in parts
        ]
        if len(again) == 1:
            return Sent(self._back(claimed, info.out_id, info.sign_name, parts[0][1]))
        return Sent(Conclusion(claimed, info.out_id, info.sign_name, self.pushes, again=again))

    def _call(self, claimed: Claimed, batch: Batch, drafted: Draft) -> dict[int, SubmitResult]:
        seqs = [drafted.seq_of[message.ref] for message in batch.messages]
        # A worker that was stopped for long must not call under a lease that others may hold lapsed.
        if millis(self._clock) > claimed.lease - _LEASE_MARGIN_MS:
            late = _Late("The worker came too late to call the vendor.", code="LEASE_TOO_SHORT")
            return dict.fromkeys(seqs, SubmitResult(Outcome.NOT_SENT, code=late.code, error=late))
        name, hook = self._channel.name, SENDING[batch.template.kind]
        account = self._channel.accounts.get(claimed.account, self._channel.primary)
        metrics.DISPATCHED.labels(name).inc(len(seqs))
        started = time.perf_counter()
        results = account.hooks.send(batch)
        metrics.VENDOR_SECONDS.labels(name, hook).observe(time.perf_counter() - started)
        for code in {result.code for result in results if result.outcome in _FAILED}:
            metrics.VENDOR_ERRORS.labels(name, hook, code).inc()
        return dict(zip(seqs, results, strict=True))

    def _held(self, claimed: Claimed, error: Exception) -> Conclusion:
        retry_at = millis(self._clock) + _HOLD_MS
        why = Why(Hold.RETRY, error.reason if isinstance(error, BridgeError) else _FAULT)
        return self._back(claimed, "", "", Wait(retry_at, why))

    def _unfit(self, claimed: Claimed, info: SendInfo, why: str) -> Conclusion:
        """Put a batch back that the account cannot take: its review or its settings changed meanwhile."""
        now = millis(self._clock)
        if not self._channel.several:
            wait = Wait(now + _HOLD_MS, Why(Hold.REVIEW, why))
            return self._back(claimed, info.out_id, info.sign_name, wait)
        recipients = claimed.recipients
        seqs = range(len(recipients.phones))
        again = [Requeue(recipients, seqs, now + _LOOK_AGAIN_MS, barred=claimed.barred)]
        return Conclusion(claimed, info.out_id, info.sign_name, self.pushes, again=again)

    def _back(self, claimed: Claimed, out_id: str, sign_name: str, wait: Wait) -> Conclusion:
        """Put a batch back as it is: nobody was called."""
        return Conclusion(
            claimed,
            out_id,
            sign_name,
            self.pushes,
            retry_at=wait.due,
            why=wait.why,
            yields=claimed.yields,
            barred=claimed.barred,
        )

    def _conclude(
        self,
        drafted: Draft,
        results: Mapping[int, SubmitResult],
        called: Mapping[int, SubmitResult] = _NOT_CALLED,
    ) -> Sent:
        claimed, info, now = drafted.claimed, drafted.info, millis(self._clock)
        unsent = [seq for seq, result in results.items() if result.outcome is Outcome.NOT_SENT]
        counts = Counter(one.outcome for one in called.values() if not isinstance(one.error, _Late))
        again = self._unsent(drafted, results, unsent, now)
        conclusion = Conclusion(
            claimed,
            info.out_id,
            info.sign_name,
            self.pushes,
            rows=self._rows(drafted, results, called, now),
            segments=named_segments(claimed, results),
            again=again,
            check_at=self._patience.asks(now) if counts[Outcome.UNKNOWN] else None,
            deadline=now + self._patience.deadline,
            opted_out=[drafted.phones[seq].digits for seq, result in results.items() if result.opted_out],
            attempt=attempt_of(claimed, called, results, now),
        )
        if len(again) == 1 and len(unsent) == len(results):
            [back] = again
            conclusion = replace(
                conclusion, again=[], retry_at=back.due, why=back.why, yields=back.yields, barred=back.barred
            )
        return Sent(conclusion, gravest(results[seq].error for seq in unsent), counts)

    def _unsent(
        self, drafted: Draft, results: Mapping[int, SubmitResult], unsent: Sequence[int], now: int
    ) -> list[Requeue]:
        """Put what was not sent back, in parts by what each waits for."""
        routes = self._routes(drafted, unsent, results)
        waits = waits_of(unsent, results, drafted.claimed.attempt, now, routes)
        return [self._again(drafted, results[seqs[0]], seqs, wait) for wait, seqs in waits]

    def _routes(
        self, drafted: Draft, unsent: Iterable[int], results: Mapping[int, SubmitResult]
    ) -> Mapping[int, int | None]:
        """Return the routes of messages that are refused where they are: each goes where its own leads."""
        return {
            seq: self._routing.route_of(drafted.info.type, drafted.phones.get(seq))
            for seq in unsent
            if isinstance(results[seq].error, ConfigurationRefused)
        }

    def _again(self, drafted: Draft, result: SubmitResult, seqs: Sequence[int], wait: Wait) -> Requeue:
        """Put what was not sent back: for the same account at first, by the rule for another."""
        claimed, recipients = drafted.claimed, drafted.recipients.pick(seqs)
        attempt = unsent_attempt(claimed, result, millis(self._clock))
        if not self._channel.several:
            return Requeue(recipients, seqs, *wait, attempt=attempt)
        what = elsewhere(then(result), millis(self._clock), claimed.yields, self._failover_ms)
        yields, barred = what.yields, claimed.barred
        if what.bars:
            phone = drafted.phones.get(seqs[0])
            yields, barred = self._routing.after_refusal(claimed, drafted.info, phone, what.yields)
        return Requeue(recipients, seqs, *wait, claimed.account, yields, barred, attempt)

    def _rows(
        self,
        drafted: Draft,
        results: Mapping[int, SubmitResult],
        called: Mapping[int, SubmitResult],
        now: int,
    ) -> list[MessageRow]:
        """Return the rows of all messages but those that are sent again.

        One that is not called, but was before without a proof of its absence, ends as unknown: it may be with
        its recipient, whatever keeps it from being called once more.
        """
        uncalled = results.keys() - called.keys()
        doubts = self._ledger.batches.in_doubt(drafted.claimed.id) if uncalled else {}
        rows = []
        for seq, result in sorted(results.items()):
            if result.outcome is not Outcome.NOT_SENT:
                row = self._row(drafted, seq, result, now)
                doubtful = row.phone and seq in uncalled and seq in doubts
                rows.append(_in_doubt(row, doubts[seq]) if doubtful else row)
        return rows

    def _row(self, drafted: Draft, seq: int, result: SubmitResult, now: int) -> MessageRow:
        claimed, phone = drafted.claimed, drafted.phones.get(seq)
        raw = drafted.raw(seq)
        sent = claimed.called or now
        status = AFTER_CALL[result.outcome]
        return MessageRow(
            claimed.id,
            seq,
            raw,
            phone_key(claimed.channel, phone.digits if phone else raw, sent),
            int(status),
            clean(result.vendor_id, 128),
            clean(result.code, 128),
            clean(result.reason),
            # What nobody took has none, and costs nothing.
            0 if status.final else min(drafted.segments(seq), _MOST_SEGMENTS),
            sent,
            now if status.final else None,
            drafted.priced(phone) if phone and not status.final else 0,
        )


def _in_doubt(row: MessageRow, rate: int) -> MessageRow:
    reason = OWN[_IN_DOUBT]
    return row._replace(status=int(MessageStatus.UNKNOWN), code=_IN_DOUBT, reason=reason, rate=rate)


def _with_rows(conclusion: Conclusion, rows: Sequence[MessageRow]) -> Conclusion:
    return Conclusion(conclusion.batch, conclusion.out_id, conclusion.sign_name, conclusion.pushes, rows=rows)
