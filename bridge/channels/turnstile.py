"""Who of a web process's threads may wait for vendors: never so many that requests of others wait, too.

Templates and signatures are asked about while Quick Audience waits, and a vendor that hangs answers after 20
seconds. A channel is in doubt while a call of it hangs, and after one that was over late only: until one ends
in time it has one call at a time, and beside those in doubt there is room for another.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bridge.plugin import VendorUnavailable

EXTENSION = "turnstile"
"""Its name among the extensions of a Flask application."""
LONG_S = 2.0
"""A call hangs when it takes longer; so long, too, a call of a channel that is well waits for room."""


class Turnstile:
    """Lets half of a process's threads call vendors at once; `wait_s` is how long a caller waits for room."""

    def __init__(
        self, threads: int, *, tick: Callable[[], float] = time.monotonic, wait_s: float = LONG_S
    ) -> None:
        self._most = 1
        self._tick = tick
        self._wait_s = wait_s
        self._left = threading.Condition()
        self._began: defaultdict[str, list[float]] = defaultdict(list)
        self._late: set[str] = set()
        self.resize(threads)

    def resize(self, threads: int) -> None:
        """Be told how many threads the process has."""
        self._most = max(1, threads // 2)

    @contextmanager
    def passing(self, account: str) -> Iterator[None]:
        """Hold room for one call. Raises VendorUnavailable, with nothing called, where there is none."""
        began = self._enter(account)
        try:
            yield
        finally:
            self._leave(account, began)

    def _enter(self, account: str) -> float:
        with self._left:
            if not self._in_doubt(account):
                self._left.wait_for(lambda: self._has_room(account), self._wait_s)
            if not self._has_room(account):
                raise VendorUnavailable(
                    "Earlier calls to this vendor have not come back: ask again in a minute.",
                    code="VENDOR_BUSY",
                )
            began = self._tick()
            self._began[account].append(began)
            return began

    def _leave(self, account: str, began: float) -> None:
        with self._left:
            self._began[account].remove(began)
            if self._tick() - began > LONG_S:
                self._late.add(account)
            else:
                self._late.discard(account)
            self._left.notify_all()

    def _has_room(self, account: str) -> bool:
        mine, calls = self._began[account], sum(map(len, self._began.values()))
        if self._in_doubt(account):
            return not mine and calls < max(1, self._most - 1)
        return calls < self._most

    def _in_doubt(self, account: str) -> bool:
        hangs = any(self._tick() - began > LONG_S for began in self._began[account])
        return hangs or account in self._late
