"""Answers remembered for a short while, so that a page full of reviews costs one call."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Remembers answers for `seconds`. Errors are not remembered."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._answers: dict[Hashable, tuple[float, T]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """Return the remembered answer, or a new one. Two threads may ask at once; that does no harm."""
        with self._lock:
            now = self._clock()
            self._answers = {one: kept for one, kept in self._answers.items() if kept[0] > now}
            if key in self._answers:
                return self._answers[key][1]
        answer = ask()
        with self._lock:
            self._answers[key] = (self._clock() + self._seconds, answer)
        return answer
