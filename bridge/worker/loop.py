"""What the worker's loops share: no failure ends them, and no channel takes all of their threads."""

import threading
from collections.abc import Callable

import structlog

from bridge.ledger import LedgerUnavailable
from bridge.services import Clock

log = structlog.get_logger("bridge.worker")

_RETRY_S = 1.0
_SILENCE_S = 60.0


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
        try:
            work()
        except LedgerUnavailable as error:
            log.error("ledger unavailable", loop=self._name, error=str(error))
        except Exception:
            if not self.alive:
                raise
            log.exception("loop failed", loop=self._name)
        else:
            self._latest = self._clock()
            return
        threading.Event().wait(_RETRY_S)

    @property
    def alive(self) -> bool:
        """False once no turn has succeeded for a minute: the loop hangs, fails again and again, or ended."""
        return self._clock() - self._latest < _SILENCE_S


def share(threads: int, channels: int) -> int:
    """How many of the threads one channel may hold; the rest is for others should its calls never return."""
    return max(1, threads - min(channels - 1, threads // 2))
