"""Telling other processes that there is work, without slowing the transactions that bring it.

A NOTIFY inside a transaction makes all commits of a server wait for each other (PostgreSQL 15, async.c takes
one lock until the commit is done): eight accepting threads made 700 commits a second with it, 2,700 without.
"""

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger("bridge.ledger")

_REST_S = 0.1


class Bell:
    """Strikes at once, then again at the end of each rest in which somebody rang.

    `strike` may fail: workers look for work by themselves, only later.
    """

    def __init__(self, strike: Callable[[], None], rest_s: float = _REST_S) -> None:
        self._strike = strike
        self._rest_s = rest_s
        self._lock = threading.Lock()
        self._resting: threading.Timer | None = None
        self._rung = False

    def ring(self) -> None:
        """Let workers look for what was just committed."""
        with self._lock:
            if self._resting is not None:
                self._rung = True
                return
            self._rest()
        self._sound()

    def close(self) -> None:
        """Strike for what was rung, and end the rest; no strike goes on behind it."""
        with self._lock:
            resting, rung = self._resting, self._rung
            self._resting, self._rung = None, False
        if resting is not None:
            resting.cancel()
            resting.join()
        if rung:
            self._sound()

    def _rest(self) -> None:
        self._resting = threading.Timer(self._rest_s, self._rested)
        self._resting.daemon = True
        self._resting.start()

    def _rested(self) -> None:
        with self._lock:
            if self._resting is not threading.current_thread():
                return  # closed meanwhile
            if not self._rung:
                self._resting = None
                return
            self._rung = False
        self._sound()
        with self._lock:
            if self._resting is threading.current_thread():
                self._rest()

    def _sound(self) -> None:
        try:
            self._strike()
        except Exception as error:  # noqa: BLE001 - a hint that is lost costs a second of waiting
            log.warning("workers not told of work", error=type(error).__name__)
