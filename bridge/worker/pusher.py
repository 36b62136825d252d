"""The push loop: what became final goes to Quick Audience, several callbacks at a time."""

import queue
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from bridge.ledger import Ledger, LedgerUnavailable, PushJob
from bridge.services import Pushed, Services
from bridge.services.records import Clock, millis
from bridge.settings import BridgeSettings

log = structlog.get_logger("bridge.worker")

_PROBE_MS = 120_000
_RETRY_S = 1.0


class Pusher:
    """Pushes for all channels."""

    def __init__(
        self, services: Services, ledger: Ledger, bridge: BridgeSettings, *, owner: str, clock: Clock
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._bridge = bridge
        self._owner = owner
        self._clock = clock
        self._pool = ThreadPoolExecutor(bridge.push_threads, thread_name_prefix="push")
        self._finished: queue.SimpleQueue[Pushed] = queue.SimpleQueue()
        self._unrecorded: list[Pushed] = []
        self._in_flight: Counter[str] = Counter()

    def run(self, stop: threading.Event) -> None:
        """Push until `stop`, then finish what is in flight."""
        while not stop.is_set():
            self.cycle(self._bridge.poll_idle_s)
        while self._in_flight.total() or self._unrecorded:
            self.cycle(_RETRY_S, claiming=False)
        self._pool.shutdown()

    def cycle(self, wait_s: float, *, claiming: bool = True) -> int:
        """Record finished pushes and claim more, or wait up to `wait_s`; how many calls were claimed."""
        self._gather(0)
        try:
            self._record()
            jobs = self._claim() if claiming else []
        except LedgerUnavailable as error:
            log.error("ledger unavailable", error=str(error), unrecorded=len(self._unrecorded))
            threading.Event().wait(_RETRY_S)
            return 0
        for job in jobs:
            self._in_flight[job.channel] += 1
            self._pool.submit(self._push, job)
        if not jobs:
            self._gather(wait_s)
        return len(jobs)

    def _gather(self, wait_s: float) -> None:
        try:
            item = self._finished.get(timeout=wait_s) if wait_s else self._finished.get_nowait()
            while True:
                self._in_flight[item.job.channel] -= 1
                self._unrecorded.append(item)
                item = self._finished.get_nowait()
        except queue.Empty:
            return

    def _record(self) -> None:
        by_channel: dict[str, list[Pushed]] = defaultdict(list)
        for pushed in self._unrecorded:
            by_channel[pushed.job.channel].append(pushed)
        for name, pushes in by_channel.items():
            self._services[name].pushing.finish(pushes)
        self._unrecorded = []

    def _claim(self) -> list[PushJob]:
        free = self._bridge.push_threads - self._in_flight.total()
        now = millis(self._clock)
        due = [
            name
            for name, services in self._services.items()
            if services.pushing.active and self._ledger.outbox.has_due(name, now)
        ]
        if free <= 0 or not due:
            return []
        return self._ledger.write(lambda connection: self._claim_in(connection, due, free, now))

    def _claim_in(self, connection: Any, names: list[str], free: int, now: int) -> list[PushJob]:
        jobs: list[PushJob] = []
        for name in names:
            room = free - len(jobs)
            if room <= 0:
                break
            state = self._ledger.coordination.may_push(connection, name, now=now, probe_ms=_PROBE_MS)
            if state == "open":
                continue
            jobs += self._ledger.outbox.claim(
                connection,
                name,
                self._owner,
                jobs=1 if state == "probe" else room,
                size=self._services[name].channel.settings.push_batch,
                now=now,
                lease_ms=self._bridge.lease_s * 1000,
            )
        return jobs

    def _push(self, job: PushJob) -> None:
        services = self._services[job.channel]
        try:
            self._finished.put(services.pushing.push(job))
        except Exception as error:
            log.exception("push failed", channel=job.channel)
            self._finished.put(services.pushing.broken(job, error))
