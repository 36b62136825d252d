"""Everything that is done every so often: each duty in its own thread, so that none waits for another."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from bridge.ledger import Claimed, Ledger, LedgerUnavailable
from bridge.ledger.refs import to_ref
from bridge.services import ChannelServices, Dispatched, Services
from bridge.services.receiving import count_ended
from bridge.services.records import Clock, millis
from bridge.settings import BridgeSettings

from .recording import Recorder

log = structlog.get_logger("bridge.worker")

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_TAKEN = 20


@dataclass(frozen=True, slots=True)
class Duty:
    """Something done every `every_s` seconds; True asks to be called again at once."""

    name: str
    every_s: float
    work: Callable[[], bool]

    def run(self, stop: threading.Event) -> None:
        """Do it until `stop`; a failure is logged and tried again at the next turn."""
        while not stop.is_set():
            again = False
            try:
                again = self.work()
            except LedgerUnavailable as error:
                log.error("ledger unavailable", duty=self.name, error=str(error))
            except BaseException:  # even one that would end the thread: nobody else does this duty
                log.exception("duty failed", duty=self.name)
            if not again:
                stop.wait(self.every_s)


class Duties:
    """The duties of one worker."""

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        bridge: BridgeSettings,
        *,
        owner: str,
        clock: Clock,
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._bridge = bridge
        self._owner = owner
        self._clock = clock
        self._alive = alive
        self._recorder = Recorder(ledger, clock)
        self._started = millis(clock)

    def all(self, stop: threading.Event) -> list[Duty]:
        """Every duty this worker has: those of a channel apart, so that no vendor keeps another waiting."""
        return [
            Duty("beat", 5.0, self.beat),
            Duty("take over", 1.0, self.take_over),
            Duty("give up", 60.0, self.give_up),
            Duty("keep house", 60.0, self.keep_house),
            *(duty for services in self._services.values() for duty in self._of(services, stop)),
        ]

    def _of(self, services: ChannelServices, stop: threading.Event) -> Iterator[Duty]:
        name, hooks = services.channel.name, services.channel.hooks
        idle_s = self._bridge.poll_idle_s
        yield Duty(f"read files {name}", idle_s, lambda: self.read_file(services, stop.is_set))
        yield Duty(f"settle {name}", 1.0, lambda: self.settle(services))
        yield Duty(f"review {name}", 30.0, lambda: self.review(services))
        if hooks.supports("poll_receipts") or hooks.supports("poll_replies"):
            yield Duty(f"poll {name}", 1.0, lambda: self.poll(services))

    def beat(self) -> bool:
        """Say that this worker is alive, unless one of its loops is not."""
        if self._alive():
            self._ledger.coordination.beat(self._owner, started=self._started, now=millis(self._clock))
        return False

    def take_over(self) -> bool:
        """Conclude chunks whose worker vanished."""
        now, lease_ms = millis(self._clock), self._bridge.lease_s * 1000
        lapsed = self._ledger.chunks.claim_lapsed(
            list(self._services), self._owner, limit=_TAKEN, now=now, lease_ms=lease_ms
        )
        for chunk in lapsed:
            self._conclude(chunk, self._services[chunk.channel].settling.lapse)
        return bool(lapsed)

    def give_up(self) -> bool:
        """Conclude chunks that could not be sent in time; to find them, all that waits is read."""
        names, now, lease_ms = list(self._services), millis(self._clock), self._bridge.lease_s * 1000
        if not self._ledger.chunks.has_expired(names, now):
            return False
        expired = self._ledger.chunks.claim_expired(
            names, self._owner, limit=_TAKEN, now=now, lease_ms=lease_ms
        )
        for chunk in expired:
            self._conclude(chunk, self._services[chunk.channel].settling.give_up)
        return bool(expired)

    def settle(self, services: ChannelServices) -> bool:
        """Try receipts again that arrived before their message, and look after unknown outcomes."""
        name, pushes = services.channel.name, services.dispatching.pushes
        intake = self._ledger.receipts.retry_parked(name, pushes=pushes, now=millis(self._clock))
        count_ended(name, intake.ended)
        return bool(services.settling.run(self._owner))

    def read_file(self, services: ChannelServices, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Read one file of recipients, if one is due: a slow host keeps no other channel waiting."""
        now, lease_ms = millis(self._clock), self._bridge.lease_s * 1000
        job = self._ledger.files.claim(services.channel.name, self._owner, now=now, lease_ms=lease_ms)
        if job is not None:
            services.fetching.run(job, stopping)
        return job is not None

    def review(self, services: ChannelServices) -> bool:
        """Refresh open reviews, and end messages whose receipt never came."""
        services.settling.sweep(self._owner)
        services.templates.refresh_pending()
        return False

    def keep_house(self) -> bool:
        """Delete what is no longer needed."""
        now = millis(self._clock)
        self._ledger.signatures.forget(now - 2 * self._bridge.signature_skew_s * 1000)
        self._ledger.retention.forget_workers(now - _DAY_MS)
        retention_ms = self._bridge.retention_days * _DAY_MS
        self._ledger.retention.purge(now - retention_ms, channels=list(self._services))
        self._ledger.retention.forget_answers(now - max(retention_ms, self._bridge.replay_hours * _HOUR_MS))
        give_up_h = max((one.channel.settings.push_give_up_h for one in self._services.values()), default=0.0)
        untold = self._ledger.retention.purge_pushes(now - max(retention_ms, int(give_up_h * _HOUR_MS)))
        if untold:
            log.error("never taken by Quick Audience, deleted after its time", entries=untold)
        return False

    def poll(self, services: ChannelServices) -> bool:
        """Ask the vendor for receipts and replies."""
        services.polling.run(self._owner)
        return False

    def _conclude(self, chunk: Claimed, how: Callable[[Claimed], Dispatched]) -> None:
        """Conclude and record a chunk; one that cannot be is logged and comes back when its lease lapses."""
        try:
            recorded = self._recorder.record(self._services[chunk.channel], how(chunk))
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("not concluded", channel=chunk.channel, chunk=to_ref(chunk.id))
            return
        count_ended(chunk.channel, recorded.ended if recorded else [])
