"""Group commit: what threads of a process bring at the same time is stored together, at the price of one."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from bridge.ledger import LedgerUnavailable

T = TypeVar("T")

_MOST = 64
"""How many parts are stored in one go, so that none waits long for the others."""
_COMPANY_S = 0.01
"""The longest that one who may store waits for those who brought something at the same time as before."""


class Joined(Generic[T]):
    """Stores parts in order of arrival; each caller learns what became of its own once that is committed.

    One thread stores, and whoever comes meanwhile is stored together next, by the first of them. Where
    several came last time, it waits a few milliseconds for as many; who comes alone waits for nobody.
    `together` stores several parts in one transaction; where it fails, each is stored `alone`, so that a bad
    one costs itself only. A ledger that is away is away for all: they are not tried singly.
    """

    def __init__(self, together: Callable[[Sequence[T]], None], alone: Callable[[T], None]) -> None:
        self._together = together
        self._alone = alone
        self._waiting: deque[_Part[T]] = deque()
        self._changing = threading.Lock()
        self._busy = False
        self._expected = 1
        self._enough = threading.Event()

    def store(self, content: T) -> None:
        """Store one part. Returns after its commit; raises what kept it from being stored."""
        part = _Part(content)
        with self._changing:
            self._waiting.append(part)
            its_turn, self._busy = not self._busy, True
            if len(self._waiting) >= self._expected:
                self._enough.set()
        if not its_turn:
            # Woken when its part is stored, or to store it: whose part is stored waits for nobody's turn.
            part.wait()
        if not part.done:
            try:
                self._next()
            finally:
                self._pass_on(part)
        if part.error is not None:
            raise part.error

    def _next(self) -> None:
        """Store what waits, this thread's own first."""
        self._enough.clear()
        if len(self._waiting) < self._expected:
            self._enough.wait(_COMPANY_S)
        with self._changing:
            parts = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
        try:
            self._run(parts)
        finally:
            # Where this thread is being ended, nobody else may wait for ever, or be told that all is well.
            for part in parts:
                if not part.done:
                    part.end(LedgerUnavailable("The thread that was storing this was ended."))
        self._expected = min(len(parts) + len(self._waiting), _MOST)

    def _pass_on(self, mine: "_Part[T]") -> None:
        """Let the first that waits store next."""
        with self._changing:
            if not mine.done:  # this thread is being ended before it took anything up
                self._waiting.remove(mine)
            self._busy = bool(self._waiting)
            following = self._waiting[0] if self._busy else None
        if following is not None:
            following.wake()

    def _run(self, parts: Sequence["_Part[T]"]) -> None:
        if len(parts) > 1 and self._stored_together(parts):
            return
        for part in parts:
            if not part.done:
                part.end(_failure(self._alone, part.content))

    def _stored_together(self, parts: Sequence["_Part[T]"]) -> bool:
        failure = _failure(self._together, [part.content for part in parts])
        if failure is not None and not isinstance(failure, LedgerUnavailable):
            return False
        for part in parts:
            part.end(failure)
        return True


class _Part(Generic[T]):
    def __init__(self, content: T) -> None:
        self.content = content
        self.done = False
        self.error: Exception | None = None
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def end(self, error: Exception | None) -> None:
        self.done, self.error = True, error
        self.wake()

    def wait(self) -> None:
        """Sleep until this is done, or its thread is to store it."""
        self._asleep.acquire()

    def wake(self) -> None:
        self._asleep.release()


S = TypeVar("S")


def _failure(work: Callable[[S], None], content: S) -> Exception | None:
    """Do the work. Returns what it raised, which its caller raises in the thread that it concerns."""
    try:
        work(content)
    except Exception as error:  # noqa: BLE001
        return error
    return None
