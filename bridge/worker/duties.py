"""Everything that is done every so often: each duty in its own thread, so that none waits for another."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bridge.ledger import Claimed, Ledger, LedgerUnavailable
from bridge.services import ChannelServices, Dispatched, Services
from bridge.services.receiving import count_ended
from bridge.services.records import Clock, millis
from bridge.settings import BridgeSettings

log = structlog.get_logger("bridge.worker")

_DAY_MS = 86_400_000
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
            except Exception:
                log.exception("duty failed", duty=self.name)
            if not again:
                stop.wait(self.every_s)


class Duties:
    """The duties of one worker."""

    def __init__(
        self, services: Services, ledger: Ledger, bridge: BridgeSettings, *, owner: str, clock: Clock
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._bridge = bridge
        self._owner = owner
        self._clock = clock
        self._started = millis(clock)

    def all(self) -> list[Duty]:
        """Every duty this worker has."""
        polled = [
            Duty(f"poll {name}", 1.0, lambda services=services: self._poll(services))  # type: ignore[misc]
            for name, services in self._services.items()
            if services.channel.hooks.supports("poll_receipts")
            or services.channel.hooks.supports("poll_replies")
        ]
        return [
            Duty("beat", 5.0, self.beat),
            Duty("settle", 1.0, self.settle),
            Duty("park", 2.0, self.unpark),
            Duty("read files", self._bridge.poll_idle_s, self.read_file),
            Duty("review", 30.0, self.review),
            Duty("keep house", 60.0, self.keep_house),
            *polled,
        ]

    def beat(self) -> bool:
        """Say that this worker is alive."""
        self._ledger.coordination.beat(self._owner, started=self._started, now=millis(self._clock))
        return False

    def settle(self) -> bool:
        """Take over lapsed chunks, give up expired ones, and look after unknown outcomes."""
        now, lease_ms = millis(self._clock), self._bridge.lease_s * 1000
        lapsed = self._ledger.chunks.claim_lapsed(self._owner, limit=_TAKEN, now=now, lease_ms=lease_ms)
        expired = self._ledger.chunks.claim_expired(self._owner, limit=_TAKEN, now=now, lease_ms=lease_ms)
        for chunk in lapsed:
            self._conclude(chunk, lambda services, chunk: services.settling.lapse(chunk))
        for chunk in expired:
            self._conclude(chunk, lambda services, chunk: services.settling.give_up(chunk))
        settled = sum(services.settling.run(self._owner) for services in self._services.values())
        return bool(lapsed or expired or settled)

    def unpark(self) -> bool:
        """Try receipts again that arrived before their message."""
        now = millis(self._clock)
        for name, services in self._services.items():
            pushes = services.dispatching.pushes
            intake = self._ledger.receipts.retry_parked(name, pushes=pushes, now=now)
            count_ended(name, intake.ended)
        return False

    def read_file(self) -> bool:
        """Read one file of recipients, if one is due."""
        lease_ms = self._bridge.lease_s * 1000
        job = self._ledger.files.claim(self._owner, now=millis(self._clock), lease_ms=lease_ms)
        if job is None:
            return False
        services = self._services.get(job.channel)
        if services is None:
            self._ledger.files.fail(job, "The channel is no longer configured.")
        else:
            services.fetching.run(job)
        return True

    def review(self) -> bool:
        """Refresh open reviews, and end messages whose receipt never came."""
        for services in self._services.values():
            services.templates.refresh_pending()
            services.settling.sweep(self._owner)
        return False

    def keep_house(self) -> bool:
        """Delete what is no longer needed."""
        now = millis(self._clock)
        self._ledger.signatures.forget(now - 2 * self._bridge.signature_skew_s * 1000)
        self._ledger.retention.forget_workers(now - _DAY_MS)
        self._ledger.retention.purge(now - self._bridge.retention_days * _DAY_MS)
        return False

    def _poll(self, services: ChannelServices) -> bool:
        services.polling.run(self._owner)
        return False

    def _conclude(self, chunk: Claimed, how: Callable[[ChannelServices, Claimed], Dispatched]) -> None:
        services = self._services.get(chunk.channel)
        if services is None:
            log.error("chunk of a channel that is no longer configured", channel=chunk.channel)
            return
        conclusion = how(services, chunk).conclusion
        now = millis(self._clock)
        (recorded,) = self._ledger.write(
            lambda connection: self._ledger.chunks.record(connection, [conclusion], now)
        )
        count_ended(chunk.channel, recorded.ended)
