"""Faults that a callback server commits on request: what a bridge has to live with."""

import random
import threading
from dataclasses import dataclass
from enum import StrEnum


class FaultMode(StrEnum):
    """How a callback goes wrong."""

    ERROR_500 = "500"
    UNAUTHORIZED = "401"
    BODY_401 = "body-401"
    """HTTP 200 whose body says code "401": an authentication failure as the contract also writes it."""
    HTML = "html"
    """HTTP 200 with a page of some proxy instead of an answer."""
    RESET = "reset"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class CallbackFault:
    """One fault. `taken` says that the callback is recorded before its answer goes wrong."""

    mode: FaultMode
    taken: bool = False


class CallbackFaults:
    """Decides callback by callback which fault it meets; `set` may be called while the server runs."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._modes: tuple[FaultMode, ...] = ()
        self._share = 0.0
        self._left: int | None = None
        self._taken: bool | None = False

    def set(
        self, *modes: FaultMode, share: float = 1.0, count: int | None = None, taken: bool | None = False
    ) -> None:
        """Let a `share` (0 to 1) of callbacks, `count` at most, meet one of `modes` at random.

        `taken` None draws for each fault whether the callback is recorded before.
        """
        with self._lock:
            self._modes, self._share, self._left, self._taken = modes, share, count, taken

    def clear(self) -> None:
        """Let everything go well again."""
        self.set()

    def draw(self) -> CallbackFault | None:
        """Return the fault that the next callback meets."""
        with self._lock:
            if not self._modes or self._left == 0 or self._random.random() >= self._share:
                return None
            if self._left is not None:
                self._left -= 1
            taken = self._random.random() < 0.5 if self._taken is None else self._taken
            return CallbackFault(self._random.choice(self._modes), taken)
