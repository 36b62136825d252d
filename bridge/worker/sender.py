"""The send loop: one thread owns it and shares its commits among all calls in flight.

A single transaction records the calls that finished and claims the next batches, so the vendor is never
called before the claim is on disk, and never waited for while a transaction is open.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from bridge.channels.isolation import Isolated
from bridge.clock import HOUR_MS, MINUTE_MS, millis, seconds
from bridge.ledger import AccountKey, Claimed, Holder, Recorded, Room, Scope
from bridge.ledger.refs import to_ref
from bridge.plugin import (
    ConfigurationRefused,
    CredentialsRejected,
    HeldUntil,
    NotAccepted,
    Outcome,
    VendorThrottled,
)
from bridge.services import Sent
from bridge.services.messages.sending import Sending

from .distribution import Distribution
from .lanes import Lane, lanes_of
from .loop import Loop, Station
from .recording import Recorder, Written
from .risk import Risk
from .telling import tell_recorded

log = structlog.get_logger("bridge.worker")

_PAUSE_MS = MINUTE_MS
_LONGEST_PAUSE_MS = HOUR_MS
_THROTTLE_MS = 1_000
_LOOK_MS = 500
"""How often a channel that is paused or rests is looked at: it sends within a second of being resumed."""
_LONGEST_LOOK_MS = 10_000
"""So long does an account of a very low rate wait at once: a clock that is set back since lets it go on."""
_LONGEST_REST_MS = HOUR_MS


class Sender(Loop[Sent]):
    """Sends the due batches of all channels."""

    name = "send"

    def __init__(self, station: Station) -> None:
        self._lanes = lanes_of(station.services)
        super().__init__(station, threads=station.bridge.dispatch_threads, names=list(self._lanes))
        self._distribution = Distribution(station.services, station.clock)
        self._recorder = Recorder(station.ledger, station.clock)
        self._risk = Risk(station.services, station.ledger, seconds(station.bridge.clocks_apart_s))
        self._rests: dict[str, range] = {}
        self._pauses: dict[str, int] = {}  # of channels, as they were at the latest claim
        self._account_pauses: dict[str, int] = {}

    def cycle(self, wait_s: float, *, claiming: bool = True) -> int:
        """Record and claim once, or wait up to `wait_s` for something to do.

        Returns how many batches were claimed. While the ledger is unavailable, what the vendors answered is
        kept here. Raises LedgerUnavailable.
        """
        self._gather(0)
        if claiming:
            # What is called is dated by this clock: one that was set must be known for it first.
            self._services.times.look()
            self._distribute()
        wanted = self._wanted() if claiming else []
        if not self._unrecorded and not wanted:
            self._gather(wait_s)
            return 0
        if not self._unrecorded:
            _, batches = self._commit(wanted)
            self._risk.warn()
            return self._begin(batches)
        with Isolated(log, "answers not recorded together", answers=len(self._unrecorded)) as together:
            recorded, batches = self._commit(wanted)
        if together.failed:
            self._record_singly()
            return 0
        finished, self._unrecorded = self._unrecorded, []
        self._begin(batches)
        self._risk.warn()
        for sent, record in zip(finished, recorded, strict=True):
            self._concluded(sent, Written(sent, record))
        return len(batches)

    def _distribute(self) -> None:
        for lane in self._lanes.values():
            if lane.channel.several:
                self._distribution.note_silent(lane, self._crew.silent_s(lane.name))
        self._distribution.turn()

    def _record_singly(self) -> None:
        """Record each answer by itself: one that cannot be written must not hold up the others."""
        while self._unrecorded:
            sent = self._unrecorded[0]
            services = self._services[sent.conclusion.batch.channel]
            written = self._recorder.record(services, sent)
            del self._unrecorded[0]
            if written is not None:
                self._ledger.write(partial(self._weigh_one, sent))
                self._risk.warn()
                self._concluded(sent, written)

    def _weigh_one(self, sent: Sent, connection: Any) -> None:
        self._risk.weigh(connection, [sent], [], millis(self._clock))

    def _wanted(self) -> list[str]:
        """Return the lanes with work that may begin, each in turn first."""
        now = millis(self._clock)
        return [
            name
            for name in self._rotated()
            if not self._rests_at(name, now)
            and self._room(name)
            and (self._unrecorded or self._has_due(self._lanes[name], now))
        ]

    def _has_due(self, lane: Lane, now: int) -> bool:
        return self._ledger.batches.has_due(lane.channel.name, now, lane.of_several)

    def _rests_at(self, name: str, now: int) -> bool:
        """Return whether the lane rests: not before the rest began, for then the clock was set back since."""
        return now in self._rests.get(name, ())

    def _room(self, name: str, begun: Sequence[Claimed] = ()) -> int:
        return self._crew.room(name, self._lanes[name].concurrency, [self._lane(one).name for one in begun])

    def _lane(self, claimed: Claimed) -> Lane:
        channel = self._services[claimed.channel].channel
        return self._lanes[f"{channel.name}/{claimed.account}" if channel.several else channel.name]

    def _commit(self, wanted: Sequence[str]) -> tuple[list[Recorded], list[Claimed]]:
        return self._ledger.write(lambda connection: self._commit_in(connection, wanted))

    def _commit_in(self, connection: Any, wanted: Sequence[str]) -> tuple[list[Recorded], list[Claimed]]:
        now = millis(self._clock)
        conclusions = [sent.conclusion for sent in self._unrecorded]
        recorded = self._ledger.batches.record(connection, conclusions, now)
        risk = self._risk.weigh(connection, self._unrecorded, [self._lanes[name] for name in wanted], now)
        claimed: list[Claimed] = []
        for name in wanted:
            account, allowed = risk[name]
            if account.down(now):
                until = account.open_until if account.rests(now) else account.paused_until
                self._rests[name] = range(now, min(until, now + _LOOK_MS))
            calls = 0 if account.down(now) else min(self._room(name, claimed), allowed.calls)
            if calls > 0:
                calls = 1 if account.pauses else calls
                self._account_pauses[name] = account.pauses
                claimed += self._claim(connection, self._lanes[name], Room(calls, allowed.messages), now)
        self._debit_rates(connection, claimed, now)
        return recorded, claimed

    def _claim(self, connection: Any, lane: Lane, room: Room, now: int) -> Sequence[Claimed]:
        name, channel = lane.name, lane.channel.name
        coordination = self._ledger.coordination
        state = coordination.state_in(connection, channel)
        self._pauses[channel] = state.pauses
        if state.paused_until > now:
            self._rests[name] = range(now, min(state.paused_until, now + _LOOK_MS))
            return []
        # Another worker may have been told to send slower.
        throttled = lane.services.routing.rates.throttled_until(connection, lane.account.name, now)
        if throttled:
            self._rests[name] = range(now, min(throttled, now + _LOOK_MS))
            self._distribution.note_slow(lane, self._rests[name])
            return []
        # After a pause one batch goes first; with a rate, one at a time so that calls do not bunch.
        limit = 1 if state.pauses or lane.rate_per_s else room.calls
        if lane.rate_per_s:
            wait_us = coordination.peek(connection, **lane.rate(now))
            if wait_us:
                self._rests[name] = range(now, now + min(-(-wait_us // 1000), _LONGEST_LOOK_MS))
                self._distribution.note_slow(lane, self._rests[name])
                return []
        return self._ledger.batches.claim(
            connection,
            Scope(channel, now),
            Holder(self._owner, seconds(self._bridge.lease_s)),
            lane.callee,
            limit=limit,
            most=room.messages,
        )

    def _debit_rates(self, connection: Any, batches: Sequence[Claimed], now: int) -> None:
        """Take what was claimed from the channels' rates.

        In the order of their names: workers that lock the same buckets in different orders block each other.
        """
        units: Counter[str] = Counter()
        for claimed in batches:
            units[self._lane(claimed).name] += claimed.count
        for name in sorted(units):
            lane = self._lanes[name]
            if lane.rate_per_s:
                self._ledger.coordination.take(connection, units=units[name], **lane.rate(now))

    def _begin(self, batches: Sequence[Claimed]) -> int:
        for claimed in batches:
            self._crew.begin(self._lane(claimed).name, partial(self._call, claimed), _answered)
        return len(batches)

    def _call(self, claimed: Claimed) -> Sent | None:
        with bound_contextvars(channel=claimed.channel, batch=to_ref(claimed.id)):
            return self._outcome(self._services[claimed.channel].sending, claimed)

    def _outcome(self, sending: Sending, claimed: Claimed) -> Sent | None:
        with Isolated(log, "sending failed", through=()):
            return sending.run(claimed)
        # The vendor may have been called: the outcome is unknown, as after a crash.
        with Isolated(log, "left for lease expiry", through=()):
            return sending.lapse(claimed)
        return None

    def _concluded(self, sent: Sent, written: Written) -> None:
        """Tell what was recorded, and follow it up; a failure here must not look like one of the record."""
        batch = sent.conclusion.batch
        with Isolated(log, "recorded, follow-up failed", through=(), channel=batch.channel):
            tell_recorded(self._services[batch.channel], *written)
            self._apply_backpressure(self._lane(batch), sent)

    def _apply_backpressure(self, lane: Lane, sent: Sent) -> None:
        """Pause, slow down or resume the account by what its vendor said."""
        error, now, name = sent.error, millis(self._clock), lane.channel.name
        if isinstance(error, CredentialsRejected):
            self._pause(lane, error, now)
        elif isinstance(error, ConfigurationRefused):
            log.error("messages wait for a person", channel=name, code=error.code, reason=error.reason)
        elif isinstance(error, VendorThrottled) and not isinstance(error, HeldUntil):
            lane.services.routing.note_throttled(lane.account.name, sent.conclusion.batch.count)
            rest_ms = _THROTTLE_MS if error.retry_after is None else seconds(error.retry_after)
            self._rests[lane.name] = range(now, now + min(rest_ms, _LONGEST_REST_MS))
            self._distribution.note_slow(lane, self._rests[lane.name])
            lane.services.routing.rates.note_throttled(lane.account.name, self._rests[lane.name].stop)
        elif sent.outcomes.get(Outcome.ACCEPTED) and self._account_pauses.pop(lane.name, 0):
            self._ledger.accounts.resume(AccountKey(name, lane.account.name), now)
            log.info("account works again", channel=name, account=lane.account.name)
        elif sent.outcomes.get(Outcome.ACCEPTED) and self._pauses.get(name):
            self._pauses[name] = 0
            if self._ledger.coordination.resume(name):
                log.info("channel works again", channel=name)

    def _pause(self, lane: Lane, error: NotAccepted, now: int) -> None:
        """Pause the account whose credentials are refused: the channel, if it has no other."""
        name, terms = lane.channel.name, {"now": now, "base_ms": _PAUSE_MS, "longest_ms": _LONGEST_PAUSE_MS}
        told = {"channel": name, "code": error.code, "reason": error.reason}
        if lane.channel.several:
            until = self._ledger.accounts.pause(lane.key, error.reason, **terms)
            log.error("account paused", account=lane.account.name, for_s=(until - now) // 1000, **told)
            return
        until = self._ledger.coordination.pause(name, error.reason, **terms)
        log.error("channel paused", for_s=(until - now) // 1000, **told)


def _answered(sent: Sent) -> bool | None:
    """Return whether the vendor answered for any message; None when it was not called."""
    if not sent.outcomes:
        return None
    return bool(sent.outcomes.get(Outcome.ACCEPTED) or sent.outcomes.get(Outcome.REJECTED))
