"""Runs two sends on one channel at the same moment, line by line in turns."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ..table.cases import Send
from .guards import watching
from .row import Played, play, watch_of
from .stage import Stage
from .watch import Watch
from .wires import Wire

_TURN_S = 0.05
_AFTER_S = 0.002
_MOST_MISSED = 40
_PAUSE = time.sleep
"""The real one: while a plugin is watched, `time.sleep` is another, which counts."""
_MEETING_S = 0.2
_MOST_LINES = 2000
_TRACING = threading.Lock()
"""Python refuses to set the trace of two threads at once."""


class Meeting:
    """Lets a request wait a little for the other thread's, so that both are on their way at once."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)

    def __call__(self, _: int) -> None:
        """Wait for the other thread, not for long."""
        try:
            self._barrier.wait(_MEETING_S)
        except threading.BrokenBarrierError:
            self._barrier.reset()


def play_together(
    stage: Stage, wire: Wire, rows: Sequence[Send], package: Path
) -> tuple[Watch, dict[int, Played]]:
    """Play each row in a thread of its own; after every line of the package the other thread has its turn."""
    found: dict[int, Played] = {}
    began, lockstep = threading.Barrier(len(rows)), _Lockstep(len(rows))

    def run(number: int) -> None:
        began.wait(5)
        with _TRACING:
            sys.settrace(_turns(str(package), lambda: lockstep.wait(number)))
        try:
            found[number] = play(stage, wire, rows[number], quiet=True)
        finally:
            with _TRACING:
                sys.settrace(None)

    with watching(watch_of(stage, wire)) as watch:
        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(rows))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return watch, found


class _Lockstep:
    """Lets the threads go line by line together: what one writes, the other writes before it is read."""

    def __init__(self, threads: int) -> None:
        self._barrier = threading.Barrier(threads)
        self._missed = 0

    def wait(self, number: int) -> None:
        """Wait for the others at this line, not once they are elsewhere; the first row goes first."""
        if self._missed >= _MOST_MISSED:
            return
        try:
            self._barrier.wait(_TURN_S)
            _PAUSE(number * _AFTER_S)
        except threading.BrokenBarrierError:
            self._missed += 1
            self._barrier.reset()


def _turns(package: str, wait: Callable[[], None]) -> Callable[[FrameType, str, Any], Any]:
    lines = 0

    def local(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        lines += 1
        if event == "line" and lines < _MOST_LINES:
            wait()
        return local

    def globally(frame: FrameType, _: str, __: Any) -> Any:
        return local if frame.f_code.co_filename.startswith(package) else None

    return globally
