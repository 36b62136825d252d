"""The dispatch loop: one thread owns it and shares its commits among all calls in flight.

A single transaction records the calls that finished and claims the next chunks, so the vendor is never called
before the claim is on disk, and never waited for while a transaction is open.
"""

import queue
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from bridge import metrics
from bridge.ledger import Claimed, Ledger, LedgerUnavailable, Recorded
from bridge.ledger.refs import to_ref
from bridge.plugin import CredentialsRejected, Event, NotAccepted, Outcome, VendorThrottled
from bridge.services import Dispatched, Services
from bridge.services.dispatching import Dispatching
from bridge.services.receiving import count_ended
from bridge.services.records import Clock, millis
from bridge.settings import BridgeSettings, ChannelSettings

from .loop import Pulse, share
from .recording import Recorder

log = structlog.get_logger("bridge.worker")

_PAUSE_MS = 60_000
_LONGEST_PAUSE_MS = 3_600_000
_THROTTLE_MS = 1_000
_LONGEST_REST_MS = 3_600_000
_ENDING_S = 1.0


class Dispatcher:
    """Dispatches the due chunks of all channels."""

    def __init__(
        self, services: Services, ledger: Ledger, bridge: BridgeSettings, *, owner: str, clock: Clock
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._bridge = bridge
        self._owner = owner
        self._clock = clock
        self._pulse = Pulse("dispatch", clock)
        self._recorder = Recorder(ledger, clock)
        self._pool = ThreadPoolExecutor(bridge.dispatch_threads, thread_name_prefix="dispatch")
        self._share = share(bridge.dispatch_threads, len(services))
        # A call that is over, and what it came to; None for one that came to nothing that can be told.
        self._finished: queue.SimpleQueue[tuple[Claimed, Dispatched | None] | None] = queue.SimpleQueue()
        self._unrecorded: list[Dispatched] = []
        self._in_flight: Counter[str] = Counter()
        self._rests: dict[str, int] = {}
        self._pauses: dict[str, int] = {}  # as they were at the latest claim
        self._turn = 0

    def wake(self) -> None:
        """Look for work now."""
        self._finished.put(None)

    def run(self, stop: threading.Event) -> None:
        """Dispatch until `stop`, then finish and record what is in flight."""
        while not stop.is_set():
            self._pulse.turn(lambda: self.cycle(self._bridge.poll_idle_s))
        while self._in_flight.total() or self._unrecorded:
            self._pulse.turn(lambda: self.cycle(_ENDING_S, claiming=False))
        self._pool.shutdown()

    @property
    def alive(self) -> bool:
        """Whether dispatching goes on."""
        return self._pulse.alive

    def cycle(self, wait_s: float, *, claiming: bool = True) -> int:
        """Record and claim once, or wait up to `wait_s` for something to do; how many chunks were claimed.

        While the ledger is unavailable, what the vendors answered is kept here. Raises LedgerUnavailable.
        """
        self._gather(0)
        wanted = self._wanted() if claiming else {}
        if not self._unrecorded and not wanted:
            self._gather(wait_s)
            return 0
        try:
            recorded, claimed = self._ledger.write(lambda connection: self._commit(connection, wanted))
        except LedgerUnavailable:
            raise
        except Exception:
            if not self._unrecorded:
                raise
            log.exception("answers not recorded together", answers=len(self._unrecorded))
            self._record_singly()
            return 0
        finished, self._unrecorded = self._unrecorded, []
        for chunk in claimed:
            self._submit(chunk)
        for dispatched, record in zip(finished, recorded, strict=True):
            self._concluded(dispatched, record)
        return len(claimed)

    def _record_singly(self) -> None:
        """Record each answer by itself: one that cannot be written must not hold up the others."""
        while self._unrecorded:
            dispatched = self._unrecorded[0]
            services = self._services[dispatched.conclusion.chunk.channel]
            record = self._recorder.record(services, dispatched)
            del self._unrecorded[0]
            if record is not None:
                self._concluded(dispatched, record)

    def _gather(self, wait_s: float) -> None:
        """Take finished calls off the queue, waiting for the first at most `wait_s`."""
        try:
            item = self._finished.get(timeout=wait_s) if wait_s else self._finished.get_nowait()
            while True:
                if item is not None:
                    chunk, dispatched = item
                    self._in_flight[chunk.channel] -= 1
                    self._unrecorded += [dispatched] if dispatched else []
                item = self._finished.get_nowait()
        except queue.Empty:
            return

    def _wanted(self) -> dict[str, int]:
        """How many chunks may be claimed, by channel; each channel in turn comes first."""
        free = self._bridge.dispatch_threads - self._in_flight.total()
        now = millis(self._clock)
        wanted: dict[str, int] = {}
        for name in self._rotated():
            most = min(self._services[name].channel.settings.concurrency, self._share)
            room = min(most - self._in_flight[name], free)
            if room <= 0 or self._rests.get(name, 0) > now:
                continue
            if self._unrecorded or self._ledger.chunks.has_due(name, now):
                wanted[name] = room
        return wanted

    def _rotated(self) -> list[str]:
        names = list(self._services)
        self._turn = (self._turn + 1) % max(1, len(names))
        return names[self._turn :] + names[: self._turn]

    def _commit(self, connection: Any, wanted: Mapping[str, int]) -> tuple[list[Recorded], list[Claimed]]:
        now = millis(self._clock)
        conclusions = [dispatched.conclusion for dispatched in self._unrecorded]
        recorded = self._ledger.chunks.record(connection, conclusions, now)
        claimed: list[Claimed] = []
        for name, room in wanted.items():
            free = self._bridge.dispatch_threads - self._in_flight.total() - len(claimed)
            if free > 0:
                claimed += self._claim(connection, name, min(room, free), now)
        self._pay(connection, claimed, now)
        return recorded, claimed

    def _claim(self, connection: Any, name: str, room: int, now: int) -> Sequence[Claimed]:
        settings = self._services[name].channel.settings
        coordination = self._ledger.coordination
        state = coordination.state_in(connection, name)
        self._pauses[name] = state.pauses
        if state.paused_until > now:
            self._rests[name] = min(state.paused_until, now + _PAUSE_MS // 4)
            return []
        # After a pause one chunk goes first; with a rate, one at a time so that calls do not bunch.
        limit = 1 if state.pauses or settings.rate_per_s else room
        if settings.rate_per_s:
            wait_us = coordination.peek(connection, **_rate(name, settings, now))
            if wait_us:
                self._rests[name] = now - (-wait_us // 1000)
                return []
        return self._ledger.chunks.claim(
            connection, name, self._owner, limit=limit, now=now, lease_ms=self._bridge.lease_s * 1000
        )

    def _pay(self, connection: Any, claimed: Sequence[Claimed], now: int) -> None:
        """Take what was claimed from the channels' rates.

        In the order of their names: workers that lock the same buckets in different orders block each other.
        """
        units: Counter[str] = Counter()
        for chunk in claimed:
            units[chunk.channel] += chunk.count
        for name in sorted(units):
            settings = self._services[name].channel.settings
            if settings.rate_per_s:
                self._ledger.coordination.take(connection, units=units[name], **_rate(name, settings, now))

    def _submit(self, chunk: Claimed) -> None:
        self._in_flight[chunk.channel] += 1
        self._pool.submit(self._call, chunk)

    def _call(self, chunk: Claimed) -> None:
        dispatched: Dispatched | None = None
        with bound_contextvars(channel=chunk.channel, chunk=to_ref(chunk.id)):
            try:
                dispatched = self._outcome(self._services[chunk.channel].dispatching, chunk)
            finally:
                # Even if a plugin ends its thread: the call is over, and the lease tells the rest.
                self._finished.put((chunk, dispatched))

    def _outcome(self, dispatching: Dispatching, chunk: Claimed) -> Dispatched | None:
        try:
            return dispatching.run(chunk)
        except Exception:
            # The vendor may have been called: the outcome is unknown, as after a crash.
            log.exception("dispatch failed")
        try:
            return dispatching.lapse(chunk)
        except Exception:
            log.exception("left to its lease")
            return None

    def _concluded(self, dispatched: Dispatched, recorded: Recorded) -> None:
        """Tell and heed what was recorded; a failure here must not look like one of the record."""
        try:
            self._tell(dispatched, recorded)
            self._steer(dispatched.conclusion.chunk.channel, dispatched)
        except Exception:
            log.exception("recorded but not heeded", channel=dispatched.conclusion.chunk.channel)

    def _tell(self, dispatched: Dispatched, recorded: Recorded) -> None:
        chunk = dispatched.conclusion.chunk
        counts = {str(outcome): count for outcome, count in dispatched.outcomes.items() if count}
        for outcome, count in counts.items():
            metrics.OUTCOMES.labels(chunk.channel, outcome).inc(count)
        count_ended(chunk.channel, recorded.ended)
        if recorded.stale:
            log.warning("late answer of a vendor", channel=chunk.channel, recipients=chunk.count)
        unknown = dispatched.outcomes.get(Outcome.UNKNOWN, 0)
        log.info(
            "chunk called",
            channel=chunk.channel,
            chunk=to_ref(chunk.id),
            batch=to_ref(chunk.batch_id),
            **counts,
        )
        self._event(chunk.channel, "chunk.unknown" if unknown else "chunk.recorded", chunk.count)

    def _steer(self, name: str, dispatched: Dispatched) -> None:
        """Pause, slow down or resume the channel by what its vendor said."""
        error, now = dispatched.error, millis(self._clock)
        if isinstance(error, CredentialsRejected):
            self._pause(name, error, now)
        elif isinstance(error, VendorThrottled):
            rest_ms = _THROTTLE_MS if error.retry_after is None else error.retry_after * 1000
            self._rests[name] = now + int(min(rest_ms, _LONGEST_REST_MS))
        elif dispatched.outcomes.get(Outcome.ACCEPTED) and self._pauses.get(name):
            self._ledger.coordination.resume(name)
            self._pauses[name] = 0
            log.info("channel works again", channel=name)
            self._event(name, "channel.resumed")

    def _pause(self, name: str, error: NotAccepted, now: int) -> None:
        until = self._ledger.coordination.pause(
            name, error.reason, now=now, base_ms=_PAUSE_MS, longest_ms=_LONGEST_PAUSE_MS
        )
        log.error(
            "channel paused", channel=name, code=error.code, reason=error.reason, for_s=(until - now) // 1000
        )
        self._event(name, "channel.paused")

    def _event(self, channel: str, name: str, recipients: int = 0) -> None:
        self._services[channel].channel.hooks.event(
            Event(channel, name, datetime.now(UTC), {"recipients": recipients})
        )


def _rate(name: str, settings: ChannelSettings, now: int) -> dict[str, Any]:
    """A channel's rate bucket; a claim takes at most a second's worth, so much of the burst is its own."""
    burst = max(0.0, settings.burst - settings.rate_per_s)
    return {
        "bucket": f"{name}/rate",
        "per_second": settings.rate_per_s,
        "burst": burst,
        "now_us": now * 1000,
    }
