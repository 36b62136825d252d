"""The threads that make one kind of call for all channels, shared so that no channel keeps another waiting.

A channel is in doubt before its first call is over, while its calls hang, and after one that failed only
after a long wait: it keeps one thread, beside those that are shared, until a call of it ends in time. So
calls that never return cost the other channels a moment at most, however many channels make them.
"""

import queue
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

LONG_S = 1.0
"""A call hangs when it takes longer than this, and twice as long as the channel's latest that went well."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class EndedCall(Generic[Result]):
    """A call that is over: what came of it, and whether the other side answered; None: it was not called."""

    channel: str
    result: Result | None
    well: bool | None


@dataclass(slots=True)
class _Calls:
    """What is known of a channel's calls; times of the monotonic clock."""

    started: dict[int, float]
    well_at: float = float("-inf")
    well_s: float = 0.0
    trusted: bool = False

    @property
    def patience_s(self) -> float:
        """How long a call may take before it hangs."""
        return max(LONG_S, 2 * self.well_s)


class Crew(Generic[Result]):
    """Threads for one kind of call. One thread owns it; only `wake` may be called from others."""

    def __init__(
        self, name: str, threads: int, channels: int, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._threads = threads
        self._share = share(threads, channels)
        self._tick = tick
        # Enough for every channel to have its share hanging beside all shared threads at work; they are
        # started when they are needed.
        most = threads + self._share * max(1, channels)
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=name)
        self._finished: queue.SimpleQueue[tuple[int, EndedCall[Result]] | None] = queue.SimpleQueue()
        self._known: defaultdict[str, _Calls] = defaultdict(lambda: _Calls({}))
        self._number = 0

    def begin(
        self, channel: str, work: Callable[[], Result | None], well: Callable[[Result], bool | None]
    ) -> None:
        """Do the work in a thread; `gather` returns what came of it.

        `well`: whether the other side answered, None for what ended without a call: that says nothing of it.
        """
        self._number += 1
        self._known[channel].started[self._number] = self._tick()
        self._pool.submit(self._run, self._number, channel, work, well)

    def wake(self) -> None:
        """End a wait in `gather`."""
        self._finished.put(None)

    def gather(self, wait_s: float) -> list[Result]:
        """Return the results of calls that are over, waiting for the first at most `wait_s`."""
        results: list[Result] = []
        try:
            item = self._finished.get(timeout=wait_s) if wait_s else self._finished.get_nowait()
            while True:
                if item is not None:
                    self._over(*item)
                    results += [] if item[1].result is None else [item[1].result]
                item = self._finished.get_nowait()
        except queue.Empty:
            return results

    @property
    def busy(self) -> bool:
        """True while a call goes on."""
        return any(record.started for record in self._known.values())

    def in_doubt(self, channel: str) -> bool:
        """Return whether the channel's calls may hang: then it has one thread, of its own."""
        record = self._known[channel]
        if not record.trusted:
            return True
        return self.silent_s(channel) > 0

    def silent_s(self, channel: str) -> float:
        """Return how long the channel has not answered, if that is longer than its calls take; else 0."""
        record = self._known[channel]
        oldest = min(record.started.values(), default=None)
        if oldest is None or record.well_at > oldest:
            return 0.0
        waited = self._tick() - oldest
        return waited if waited > record.patience_s else 0.0

    def room(self, channel: str, most: int, begun: Iterable[str] = ()) -> int:
        """Return how many calls more the channel may begin, at most `most` at a time.

        `begun`: the channels of calls that are about to begin, one each.
        """
        mine = len(self._known[channel].started)
        if self.in_doubt(channel):
            return 0 if mine else 1
        free = self._threads - self._shared() - sum(not self.in_doubt(name) for name in begun)
        return max(0, min(min(most, self._share) - mine, free))

    def close(self) -> None:
        """End the threads; those whose calls go on end with them, and are not waited for."""
        self._pool.shutdown(wait=not self.busy)

    def _shared(self) -> int:
        """Return how many calls hold a shared thread."""
        return sum(
            len(record.started)
            for name, record in list(self._known.items())
            if record.started and not self.in_doubt(name)
        )

    def _run(
        self,
        number: int,
        channel: str,
        work: Callable[[], Result | None],
        well: Callable[[Result], bool | None],
    ) -> None:
        result: Result | None = None
        good: bool | None = False
        try:
            result = work()
            good = well(result) if result is not None else False
        finally:
            # Even if a plugin ends its thread: the call is over.
            self._finished.put((number, EndedCall(channel, result, good)))

    def _over(self, number: int, call: EndedCall[Result]) -> None:
        record, now = self._known[call.channel], self._tick()
        begun = record.started.pop(number)
        if call.well is None:
            return
        record.trusted = call.well or now - begun <= record.patience_s
        if call.well:
            record.well_at, record.well_s = now, now - begun


def share(threads: int, channels: int) -> int:
    """Return how many of the threads one channel may hold; the rest is for others should its calls hang."""
    return max(1, threads - min(channels - 1, threads // 2))
