"""Outcomes that are not known: asked about, decided at their deadline, and receipts that never came.

A message is sent again only on the vendor's proof of its absence, or where the channel's policy says so.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import structlog

from bridge import metrics, tracing
from bridge.channels import OpenChannel
from bridge.channels.isolation import Isolated
from bridge.clock import HOUR_MS, MINUTE_MS, Clock, hours, millis
from bridge.ledger import (
    Claimed,
    Climb,
    Detail,
    HeldLease,
    Ledger,
    SendInfo,
    Settlement,
    TimeSpan,
    clean,
)
from bridge.ledger.refs import Place, to_ref
from bridge.ledger.scope import Holder
from bridge.plugin import MessageStatus, Outcome, SubmitResult
from bridge.plugin.status import AFTER_CALL

from ..reports.receiving import count_ended
from .attempts import named_segments
from .drafting import draft
from .patience import Patience
from .repeating import Repeating
from .sending import Sending, Sent

log = structlog.get_logger("bridge.settling")

_LIMIT = 20
_SWEEP = 1000
_LONGEST_CHECK_MS = HOUR_MS
# A sweep reads all that was sent within the retention time, so it is not made often.
_SHORTEST_SWEEP_MS = 10 * MINUTE_MS
_LONGEST_SWEEP_MS = 6 * HOUR_MS
_SETTLED = (Outcome.ACCEPTED, Outcome.REJECTED)


@dataclass(slots=True)
class LookedUp:
    """What vendors said of messages whose outcome was not known.

    `absent`: proven not taken, so that they are sent again. `not_asked`: of an account that has no look-up or
    is not configured any more. `failed`: of batches that could not be settled.
    """

    open: int = 0
    accepted: int = 0
    rejected: int = 0
    absent: int = 0
    not_asked: int = 0
    failed: int = 0

    @property
    def unknown(self) -> int:
        """Return how many are unknown as before."""
        return self.open - self.accepted - self.rejected - self.absent

    def learned(self, settlement: Settlement) -> None:
        """Count what a look-up told."""
        refused = sum(climb.status == MessageStatus.REJECTED for climb in settlement.climbs)
        self.rejected += refused
        self.accepted += len(settlement.climbs) - refused
        self.absent += len(settlement.resend)

    def add(self, other: "LookedUp") -> None:
        """Count another batch, too."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Settling:
    """Settles one channel's unknown outcomes, and ends what nobody will report on any more."""

    def __init__(
        self,
        channel: OpenChannel,
        sending: Sending,
        repeating: Repeating,
        ledger: Ledger,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._channel = channel
        self._sending = sending
        self._ledger = ledger
        self._clock = clock
        self._patience = patience
        self._lease_ms = patience.lease
        self._repeating = repeating
        self._dating = repeating.dating

    def run(self, owner: str) -> int:
        """Look after batches whose outcome is unknown and due.

        Returns how many were looked after.
        """
        batches = self._ledger.batches.claim_unknown(
            self._channel.name, Holder(owner, self._lease_ms), limit=_LIMIT, now=millis(self._clock)
        )
        for claimed in batches:
            # One that fails is looked after again when this claim has lapsed.
            with Isolated(log, "not settled", channel=self._channel.name, batch=to_ref(claimed.id)):
                self._settle(claimed)
        return len(batches)

    def ask(self, owner: str, accounts: Collection[str] | None = None) -> LookedUp:
        """Ask the vendor now about every message of unknown outcome, whether it is due or not.

        `accounts`: only about what was called at these, where the channel's others are not opened.
        """
        asked, after = LookedUp(), 0
        while batches := self._ledger.batches.claim_unknown(
            self._channel.name,
            Holder(owner, self._lease_ms),
            limit=_LIMIT,
            now=millis(self._clock),
            after=after,
            accounts=accounts,
        ):
            for claimed in batches:
                reference = to_ref(claimed.id)
                with Isolated(log, "not settled", channel=self._channel.name, batch=reference) as settled:
                    asked.add(self._settle(claimed, whole=accounts is None))
                asked.failed += claimed.count if settled.failed else 0
            after = batches[-1].id
        return asked

    def lapse(self, claimed: Claimed) -> Sent:
        """Return the conclusion for a batch whose worker vanished during the call."""
        log.warning(
            "outcome unknown", channel=self._channel.name, recipients=claimed.count, cause="lease lapsed"
        )
        return self._sending.lapse(claimed)

    def expire(self, claimed: Claimed) -> Sent:
        """Return the conclusion for a batch that could not be sent before its deadline."""
        return self._sending.expire(claimed)

    def sweep(self, owner: str) -> int:
        """End accepted messages whose receipt never came within the deadline.

        Returns how many there were.

        Each sweep looks at all of them: a message may be sent, or its acceptance learned, long after others.
        """
        name = f"sweep/{self._channel.name}"
        now = millis(self._clock)
        if self._ledger.coordination.lease(name, Holder(owner, self._lease_ms), now=now) is None:
            return 0
        span, place, total = TimeSpan(0, now - self._deadline_ms), Place(0, 0), 0
        while overdue := self._ledger.history.awaiting(self._channel.name, span, after=place, limit=_SWEEP):
            self._close_overdue(overdue, HeldLease(name, owner, "", millis(self._clock) + self._lease_ms))
            place = Place(overdue[-1].batch_id, overdue[-1].seq)
            total += len(overdue)
        wait_ms = min(max(self._deadline_ms // 12, _SHORTEST_SWEEP_MS), _LONGEST_SWEEP_MS)
        self._ledger.coordination.release_lease(name, owner, due=now + wait_ms)
        return total

    @property
    def _deadline_ms(self) -> int:
        return hours(self._channel.settings.unknown_deadline_h)

    def _close_overdue(self, overdue: Sequence[Detail], held: HeldLease) -> None:
        now = millis(self._clock)
        reason = "The vendor took the message but never reported what became of it."
        climbs = [
            Climb(detail.batch_id, detail.seq, int(MessageStatus.UNKNOWN), "", "NO_RECEIPT", reason, now)
            for detail in overdue
        ]
        ends = self._ledger.end(self._channel.name, climbs, held, pushes=self._sending.pushes, now=now)
        count_ended(self._channel.name, ends)
        log.warning("receipts never came", channel=self._channel.name, messages=len(ends))

    def _settle(self, claimed: Claimed, *, whole: bool = True) -> LookedUp:
        """Settle a batch. Not `whole`: the channel has accounts that are not opened here, and may know it."""
        info = self._ledger.info(claimed)
        now = millis(self._clock)
        seqs = [seq for seq, _, _ in self._ledger.batches.open_messages(claimed.id)]
        settlement = Settlement(
            claimed,
            info.out_id,
            info.sign_name,
            self._sending.pushes,
            resend_due=now,
            resend_deadline=self._last_moment(info),
            # A question before its time brings nothing nearer: what is due has had time to arrive.
            check_at=max(self._next_check(claimed, now), claimed.due),
        )
        asked = LookedUp(open=len(seqs))
        if seqs and self._may_ask(claimed):
            settlement = self._by_lookup(settlement, seqs, now)
            settlement = self._without_early_proof(settlement, now)
            asked.learned(settlement)
        elif seqs:
            asked.not_asked = len(seqs)
            settlement = replace(settlement, askable=not whole)
        if now >= claimed.deadline:
            known = {climb.seq for climb in settlement.climbs}.union(settlement.resend)
            settlement = self._close(settlement, [seq for seq in seqs if seq not in known], now)
        recorded = self._ledger.batches.settle(settlement, now)
        count_ended(self._channel.name, recorded.ends)
        return asked

    def _without_early_proof(self, settlement: Settlement, now: int) -> Settlement:
        """Believe no absence while the call in question may still arrive at the vendor, or at no known time.

        What is due was put off for as long as that before.
        """
        batch = settlement.batch
        if settlement.resend and not self._dating.knows(batch):
            return replace(settlement, resend=())
        missed = self._dating.missed(batch)
        arrived = self._patience.arrived(max(batch.called or now, missed))
        if now >= arrived or (batch.due <= now and not missed):
            return settlement
        check_at = arrived if missed else max(settlement.check_at, arrived)
        return replace(settlement, resend=(), check_at=check_at)

    def _may_ask(self, claimed: Claimed) -> bool:
        """Return True where a look-up tells something: at the account that was called, or may have been."""
        account = self._channel.called(claimed.identity)
        return account is not None and account.hooks.supports("reconcile_batch")

    def _close(self, settlement: Settlement, seqs: Sequence[int], now: int) -> Settlement:
        if not seqs:
            return settlement
        if self._channel.settings.unknown_policy == "resend" and now < settlement.resend_deadline:
            log.warning(
                "unknown outcomes sent again by policy", channel=self._channel.name, messages=len(seqs)
            )
            return replace(settlement, unproved=seqs)
        reason = "It is not known whether the vendor took the message; it was not sent again."
        climbs = [
            Climb(settlement.batch.id, seq, int(MessageStatus.UNKNOWN), "", "OUTCOME_UNKNOWN", reason, now)
            for seq in seqs
        ]
        return replace(settlement, climbs=[*settlement.climbs, *climbs])

    def _by_lookup(self, settlement: Settlement, seqs: Sequence[int], now: int) -> Settlement:
        info = self._sending.at_account(settlement.batch, self._ledger.info(settlement.batch))
        drafted = draft(settlement.batch, info, only=seqs)
        account = self._channel.called(settlement.batch.identity)
        if drafted.batch is None or account is None:
            return settlement
        repeats = account.hooks.repeats(drafted.batch)
        if repeats and not self._repeating.allows(drafted, account):
            return settlement
        with tracing.linked(info.trace):
            found = account.hooks.reconcile(drafted.batch)
        if repeats:
            self._repeating.note(account, found)
        results = dict(zip(drafted.seqs, found, strict=True))
        for outcome in Outcome:
            count = sum(result.outcome is outcome for result in results.values())
            metrics.OUTCOMES.labels(self._channel.name, f"reconciled_{outcome}").inc(count)
        return replace(
            settlement,
            climbs=[
                _climb(settlement.batch.id, seq, result, now)
                for seq, result in results.items()
                if result.outcome in _SETTLED
            ],
            segments=named_segments(settlement.batch, results),
            resend=[
                seq
                for seq, result in results.items()
                # Absence proves something only at the account that was called.
                if result.outcome is Outcome.NOT_SENT and settlement.batch.identity
            ],
            opted_out=[drafted.phones[seq].digits for seq, result in results.items() if result.opted_out],
        )

    def _last_moment(self, info: SendInfo) -> int:
        """Return until when messages may be sent again: after that they are of no use to anybody."""
        return info.created + 2 * self._deadline_ms

    def _next_check(self, claimed: Claimed, now: int) -> int:
        """Return when to ask next, less and less often: after half its age, at most an hour."""
        age = now - (claimed.called or now)
        wait = min(max(age // 2, self._patience.noting), _LONGEST_CHECK_MS)
        return min(now + wait, max(claimed.deadline, now + 1000))


def _climb(batch_id: int, seq: int, result: SubmitResult, now: int) -> Climb:
    return Climb(
        batch_id,
        seq,
        int(AFTER_CALL[result.outcome]),
        clean(result.vendor_id, 128),
        clean(result.code, 128),
        clean(result.reason),
        now,
    )
