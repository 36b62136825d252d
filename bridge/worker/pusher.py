"""The push loop: what became final goes to Quick Audience, several callbacks at a time."""

import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from bridge.ledger import Ledger, LedgerUnavailable, PushJob
from bridge.services import Pushed, Services
from bridge.services.pushing import Pushing
from bridge.services.records import Clock, millis
from bridge.settings import BridgeSettings

from .loop import Pulse, share

log = structlog.get_logger("bridge.worker")

_PROBE_MS = 120_000
_ENDING_S = 1.0


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
        self._pulse = Pulse("push", clock)
        self._pool = ThreadPoolExecutor(bridge.push_threads, thread_name_prefix="push")
        self._share = share(bridge.push_threads, len(services))
        self._finished: queue.SimpleQueue[Pushed] = queue.SimpleQueue()
        self._unrecorded: list[Pushed] = []
        self._in_flight: Counter[str] = Counter()
        self._turn = 0

    def run(self, stop: threading.Event) -> None:
        """Push until `stop`, then finish what is in flight."""
        while not stop.is_set():
            self._pulse.turn(lambda: self.cycle(self._bridge.poll_idle_s))
        while self._in_flight.total() or self._unrecorded:
            self._pulse.turn(lambda: self.cycle(_ENDING_S, claiming=False))
        self._pool.shutdown()

    @property
    def alive(self) -> bool:
        """Whether pushing goes on."""
        return self._pulse.alive

    def cycle(self, wait_s: float, *, claiming: bool = True) -> int:
        """Record finished pushes and claim more, or wait up to `wait_s`; how many calls were claimed.

        Raises LedgerUnavailable; what Quick Audience answered is kept meanwhile.
        """
        self._gather(0)
        self._record()
        jobs = self._claim() if claiming else []
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
            self._finish(self._services[name].pushing, pushes)
            self._unrecorded = [pushed for pushed in self._unrecorded if pushed.job.channel != name]

    def _finish(self, pushing: Pushing, pushes: Sequence[Pushed]) -> None:
        """Record a channel's pushes, each by itself if they fail together; what fails then is made again."""
        try:
            pushing.finish(pushes)
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("pushes not recorded", pushes=len(pushes))
            for pushed in pushes if len(pushes) > 1 else ():
                self._finish(pushing, [pushed])

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
        self._turn = (self._turn + 1) % len(due)
        due = due[self._turn :] + due[: self._turn]
        return self._ledger.write(lambda connection: self._claim_in(connection, due, free, now))

    def _claim_in(self, connection: Any, names: list[str], free: int, now: int) -> list[PushJob]:
        jobs: list[PushJob] = []
        for name in names:
            room = min(free - len(jobs), self._share - self._in_flight[name])
            if room <= 0:
                continue
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
        pushing = self._services[job.channel].pushing
        pushed = pushing.broken(job, "the push was cut off")
        try:
            pushed = pushing.push(job)
        except Exception as error:
            log.exception("push failed", channel=job.channel)
            pushed = pushing.broken(job, type(error).__name__)
        finally:
            self._finished.put(pushed)
