"""The push loop: what became final goes to Quick Audience, several callbacks at a time."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from bridge.channels.isolation import Isolated
from bridge.clock import millis, seconds
from bridge.ledger import Holder, PushJob, Scope
from bridge.services import Pushed
from bridge.services.reports.pushing import Pushing

from .loop import Loop, Station

log = structlog.get_logger("bridge.worker")

_PROBE_MS = 120_000
_COMPANY_S = 0.2
"""How long what ends is let come together, where little did: each callback costs as much as many entries."""
_LITTLE = 100
"""Rows of the outbox that are little for a claim: where more are taken, more are likely to wait."""


class Pusher(Loop[Pushed]):
    """Pushes for all channels."""

    name = "push"

    def __init__(self, station: Station, *, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(station, threads=station.bridge.push_threads)
        self._sleep = sleep
        self._more = False

    def cycle(self, wait_s: float, *, claiming: bool = True) -> int:
        """Record finished pushes and claim more, or wait up to `wait_s`.

        After a claim of all that was due, and that little, what ends next is let come together for a moment.
        Returns how many calls were begun. Raises LedgerUnavailable; what Quick Audience answered is kept
        meanwhile.
        """
        self._gather(0)
        self._record()
        jobs = self._claim() if claiming else []
        for job in jobs:
            self._begin(job)
        if not jobs:
            self._gather(wait_s)
        elif wait_s and not self._more:
            self._sleep(min(wait_s, _COMPANY_S))
        return len(jobs)

    def _begin(self, job: PushJob) -> None:
        self._crew.begin(job.channel, lambda: self._push(job), _answered)

    def _record(self) -> None:
        by_channel: dict[str, list[Pushed]] = defaultdict(list)
        for pushed in self._unrecorded:
            by_channel[pushed.job.channel].append(pushed)
        for name, pushes in by_channel.items():
            self._finish(self._services[name].pushing, pushes)
            self._unrecorded = [pushed for pushed in self._unrecorded if pushed.job.channel != name]

    def _finish(self, pushing: Pushing, pushes: Sequence[Pushed]) -> None:
        """Record a channel's pushes, each by itself if they fail together; what fails then is made again."""
        with Isolated(log, "pushes not recorded", pushes=len(pushes)) as together:
            pushing.finish(pushes)
        if together.failed and len(pushes) > 1:
            for pushed in pushes:
                self._finish(pushing, [pushed])

    def _claim(self) -> list[PushJob]:
        now = millis(self._clock)
        due = [
            name
            for name in self._rotated()
            if self._room(name)
            and self._services[name].pushing.active
            and self._ledger.outbox.has_due(name, now)
        ]
        return self._ledger.write(lambda connection: self._claim_in(connection, due, now)) if due else []

    def _room(self, name: str, begun: Sequence[PushJob] = ()) -> int:
        return self._crew.room(name, self._bridge.push_threads, [job.channel for job in begun])

    def _claim_in(self, connection: Any, names: list[str], now: int) -> list[PushJob]:
        jobs: list[PushJob] = []
        self._more = False
        for name in names:
            room = self._room(name, jobs)
            if room <= 0:
                continue
            state = self._ledger.coordination.may_push(connection, name, now=now, probe_ms=_PROBE_MS)
            if state == "open":
                continue
            claimed = self._ledger.outbox.claim(
                connection,
                Scope(name, now),
                Holder(self._owner, seconds(self._bridge.lease_s)),
                jobs=1 if state == "probe" else room,
                size=self._services[name].channel.settings.push_batch,
            )
            self._more |= len(claimed) == room or sum(len(job.row_ids) for job in claimed) > _LITTLE
            jobs += claimed
        return jobs

    def _push(self, job: PushJob) -> Pushed:
        pushing = self._services[job.channel].pushing
        with Isolated(log, "push failed", through=(), catches=BaseException, channel=job.channel) as one:
            return pushing.push(job)
        cut_off = not isinstance(one.error, Exception)
        return pushing.broken(job, "the push was cut off" if cut_off else type(one.error).__name__)


def _answered(pushed: Pushed) -> bool:
    """Return whether Quick Audience answered."""
    return pushed.answer.outcome != "failed"
