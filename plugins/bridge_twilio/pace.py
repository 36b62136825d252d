"""How many calls run at once, and for how long a batch may go on.

Twilio's 429 is about concurrent requests per account, not about messages per second, and its limit is not
published (twilio.com/docs/api/errors/20429, read 2026-11): the gate finds it, halving on 429 and growing by
one in each quiet minute.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from bridge.plugin import BridgeError, VendorThrottled

T = TypeVar("T")
QUIET_S = 60.0


class Deadline:
    """The end of a batch, by two clocks: no call may begin behind it, however long its thread was stopped.

    The steady clock stands while a machine sleeps, the wall clock may be set back: whichever ends first
    counts.
    """

    def __init__(self, seconds: float, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        self._clock = clock
        self._wall = wall
        self._end = clock() + seconds
        self._until = wall() + seconds

    def left(self) -> float:
        """Compare with both clocks. Returns the seconds that are left, 0 when it is over."""
        return max(0.0, min(self._end - self._clock(), self._until - self._wall()))


class Gate:
    """Lets at most `limit` calls pass at once; `limit` adapts between 1 and `most`."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._limit = most
        self._changed_at = clock()
        self._burst = 0
        self._inside = 0
        self._condition = threading.Condition()

    @property
    def limit(self) -> int:
        """How many calls may run at once just now."""
        with self._condition:
            self._grow()
            return self._limit

    @contextmanager
    def passage(self, timeout_s: float) -> Iterator[int | None]:
        """Wait for a place; yields a ticket for `throttled`, or None when there was no place in time."""
        with self._condition:
            entered = self._condition.wait_for(self._has_place, max(0.0, timeout_s))
            self._inside += entered
            ticket = self._burst if entered else None
        try:
            yield ticket
        finally:
            with self._condition:
                self._inside -= entered
                self._condition.notify_all()

    def throttled(self, ticket: int) -> None:
        """Slow down for a call that was answered 429; the calls of one burst halve the limit only once."""
        with self._condition:
            if ticket == self._burst:
                self._burst += 1
                self._limit = max(1, self._limit // 2)
                self._changed_at = self._clock()

    def _has_place(self) -> bool:
        self._grow()
        return self._inside < self._limit

    def _grow(self) -> None:
        minutes = int((self._clock() - self._changed_at) // QUIET_S)
        if minutes > 0:
            self._limit = min(self._most, self._limit + minutes)
            self._changed_at += minutes * QUIET_S


class CallThreads:
    """Threads that call Twilio through the gate. What is not begun by its deadline is not begun at all."""

    def __init__(self, gate: Gate, name: str, threads: int) -> None:
        self._gate = gate
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def start(
        self, call: Callable[[], T], otherwise: Callable[[BridgeError], T], deadline: Deadline
    ) -> Future[T]:
        """Begin a call; a BridgeError it raises becomes the result that `otherwise` makes of it."""
        return self._pool.submit(self._run, call, otherwise, deadline)

    def gather(
        self, futures: Sequence[Future[T]], otherwise: Callable[[BridgeError], T], deadline: Deadline
    ) -> list[T]:
        """Return the results, in order; at the deadline waiting calls are dropped, running ones are not."""
        wait(futures, timeout=deadline.left())
        return [otherwise(out_of_time()) if future.cancel() else future.result() for future in futures]

    def close(self) -> None:
        """Let running calls end, begin no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, call: Callable[[], T], otherwise: Callable[[BridgeError], T], deadline: Deadline) -> T:
        with self._gate.passage(deadline.left()) as ticket:
            # After every wait and right before the exchange: whoever stopped this thread may have let the
            # lease on the batch lapse, and another worker may have found the message absent since.
            if ticket is None or not deadline.left():
                return otherwise(out_of_time())
            try:
                return call()
            except VendorThrottled as error:
                self._gate.throttled(ticket)
                return otherwise(error)
            except BridgeError as error:
                return otherwise(error)


def out_of_time() -> VendorThrottled:
    """Return the error of a call that was not begun because its batch's time was up."""
    return VendorThrottled("Twilio's answers are too slow for more messages in this call.", code="NO_TIME")
