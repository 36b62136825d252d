"""What the worker's loops share: how they turn, and that no failure ends them."""

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic

import structlog

from bridge.channels.isolation import Isolated
from bridge.clock import Clock
from bridge.ledger import Ledger, LedgerUnavailable
from bridge.services import Services
from bridge.settings import BridgeSettings

from .crew import Crew, Result

log = structlog.get_logger("bridge.worker")

_RETRY_S = 1.0
_SILENCE_S = 60.0
_ENDING_S = 1.0
_ENDING_SHARE = 0.8
"""The part of a lease that calls are waited for at the end: after a lease they count as lost anyway."""


class Pulse:
    """Turns a loop, and knows whether it gets anywhere."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._latest = clock()

    def turn(self, work: Callable[[], object]) -> None:
        """Do the work once; what fails is logged, and the next turn comes after a second.

        Raises what failed when nothing else has happened for a minute; a database may be away for longer.
        """
        with Isolated(log, "loop failed", through=(), loop=self._name) as turn:
            work()
            self._latest = self._clock()
            return
        if not self.alive and turn.error is not None and not isinstance(turn.error, LedgerUnavailable):
            raise turn.error
        threading.Event().wait(_RETRY_S)

    @property
    def alive(self) -> bool:
        """False once no turn has succeeded for a minute: the loop hangs, fails again and again, or ended."""
        return abs(self._clock() - self._latest) < _SILENCE_S


@dataclass(frozen=True, slots=True)
class Station:
    """What every loop of one worker works with; `owner` is the name its claims are under."""

    services: Services
    ledger: Ledger
    bridge: BridgeSettings
    owner: str
    clock: Clock


class Loop(ABC, Generic[Result]):
    """A loop that claims work, has it done by a crew's threads, and records what came of it."""

    name: ClassVar[str]

    def __init__(self, station: Station, *, threads: int, names: Sequence[str] = ()) -> None:
        self._names = list(names or station.services)
        self._services = station.services
        self._ledger = station.ledger
        self._bridge = station.bridge
        self._owner = station.owner
        self._clock = station.clock
        self._pulse = Pulse(self.name, station.clock)
        self._crew: Crew[Result] = Crew(self.name, threads, len(self._names))
        self._unrecorded: list[Result] = []
        self._turn = 0
        self.until = math.inf
        """When this loop ends at the latest (monotonic clock); known once it was asked to."""

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`, then finish and record what is in flight, within a lease."""
        while not stop.is_set():
            self._pulse.turn(lambda: self.cycle(self._bridge.poll_idle_s))
        self.until = time.monotonic() + _ENDING_SHARE * self._bridge.lease_s
        while self.busy and (left := self.until - time.monotonic()) > 0:
            wait_s = min(_ENDING_S, left)
            self._pulse.turn(lambda: self.cycle(wait_s, claiming=False))  # noqa: B023 - called at once
        if self.busy:
            log.error("ended before its calls: their outcome is unknown", loop=self.name)
        self.close()

    @property
    def alive(self) -> bool:
        """True while the loop gets somewhere."""
        return self._pulse.alive

    @property
    def busy(self) -> bool:
        """True while a call goes on or its answer is not recorded."""
        return self._crew.busy or bool(self._unrecorded)

    def wake(self) -> None:
        """Look for work now."""
        self._crew.wake()

    def close(self) -> None:
        """End the threads."""
        self._crew.close()

    @abstractmethod
    def cycle(self, wait_s: float, *, claiming: bool = True) -> int:
        """Record and claim once, or wait up to `wait_s` for something to do.

        Returns how many calls were begun. Raises LedgerUnavailable; what the other side answered is kept
        meanwhile.
        """

    def _gather(self, wait_s: float) -> None:
        """Take what came of finished calls, waiting for the first at most `wait_s`."""
        self._unrecorded += self._crew.gather(wait_s)

    def _rotated(self) -> list[str]:
        """Return the channels, or the lanes, each in turn first."""
        names = self._names
        self._turn = (self._turn + 1) % max(1, len(names))
        return names[self._turn :] + names[: self._turn]
