"""Tells whether the ledger takes writes: tried now and then, so that whoever asks often costs little."""

import threading
import time
from collections.abc import Callable

from bridge.ledger import Ledger, LedgerUnavailable

EVERY_S = 10.0
"""One write in so many seconds, however many ask."""
_PATIENCE_S = 2.0
"""How long whoever asks waits for the answer; a write that takes longer goes on without them."""
_LONG_S = 20.0
"""Beyond what the longest write of the bridge itself takes."""


class Writability:
    """Tries a write at most every ten seconds, in a thread of its own; `tick` tells seconds."""

    def __init__(
        self, ledger: Ledger, *, tick: Callable[[], float] = time.monotonic, patience_s: float = _PATIENCE_S
    ) -> None:
        self._ledger = ledger
        self._tick = tick
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._began: float | None = None
        self._fault = ""

    def fault(self) -> str:
        """Return why the ledger takes no writes, "" when it does."""
        with self._lock:
            now = self._tick()
            if self._idle.is_set() and (self._began is None or now - self._began >= EVERY_S):
                self._began = now
                self._idle.clear()
                threading.Thread(target=self._try, name="writability", daemon=True).start()
            began = now if self._began is None else self._began
        if not self._idle.wait(self._patience_s) and self._tick() - began > _LONG_S:
            return f"The database has taken no write for {_LONG_S:.0f} seconds: another one holds it up."
        return self._fault

    def _try(self) -> None:
        try:
            self._ledger.try_write()
            self._fault = ""
        except LedgerUnavailable as error:
            self._fault = str(error)
        finally:
            self._idle.set()
