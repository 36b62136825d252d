"""Keeps a set of child processes running, and ends them all when it is told to end."""

import ctypes
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import structlog

log = structlog.get_logger("bridge.serve")

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_STEADY_S = 60.0
_TICK_S = 0.2


@dataclass
class Child:
    """A program to keep running.

    `vital`: when it ends, everything ends; otherwise it is started again, after a wait that doubles while
    it keeps dying young. `reload` is the signal by which it reads its configuration anew; without one it
    is ended and started again.
    """

    name: str
    command: Sequence[str]
    vital: bool = False
    reload: signal.Signals | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    due: float = field(default=0.0, init=False)
    wait: float = field(default=_FIRST_WAIT_S / 2, init=False)
    told_to_end: bool = field(default=False, init=False)


class Supervisor:
    """Runs children until SIGTERM or SIGINT, reloads them at SIGHUP, and leaves none behind.

    Children form process groups of their own, so that Ctrl-C in a terminal reaches this process alone and
    they are ended in order. On Linux the kernel ends them should this process be killed.
    `obstacles` tells before a reload what would keep new processes from starting.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        grace_s: float = 75,
        environ: Mapping[str, str] | None = None,
        obstacles: Callable[[], Sequence[str]] = list,
    ) -> None:
        self._children = children
        self._grace_s = grace_s
        self._environ = dict(os.environ if environ is None else environ)
        self._obstacles = obstacles
        self._ending = False
        self._reloading = False

    def run(self) -> int:
        """Run until told to end. Returns 0 then, or the status of a vital child that ended by itself."""
        self._listen()
        status = 0
        try:
            while not self._ending:
                status = self._look()
                if status:
                    break
                # A signal that arrives before the sleep is seen a tick later.
                time.sleep(_TICK_S)
        finally:
            forced = self._end()
        return status or forced

    def _listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end_soon)
        signal.signal(signal.SIGHUP, self._reload_soon)

    def _end_soon(self, number: int, frame: FrameType | None) -> None:
        self._ending = True

    def _reload_soon(self, number: int, frame: FrameType | None) -> None:
        self._reloading = True

    def _look(self) -> int:
        if self._reloading:
            self._reloading = False
            self._reload()
        for child in self._children:
            status = self._tend(child)
            if status is not None:
                return status
        return 0

    def _tend(self, child: Child) -> int | None:
        """Start what is due and notice what ended. Returns the status when that ends everything."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._start(child, now)
            return None
        status = child.process.poll()
        if status is None:
            return None
        # An end that a reload asked for is no trouble; one that it did not survive well is.
        tell = log.info if child.told_to_end and status == 0 else log.warning
        tell("process ended", process=child.name, status=status)
        if child.vital:
            return status if status > 0 else 1
        young = now - child.started < _STEADY_S
        child.process = None
        child.wait = min(child.wait * 2, _LONGEST_WAIT_S) if young else _FIRST_WAIT_S
        child.due = now + child.wait
        return None

    def _start(self, child: Child, now: float) -> None:
        linux = sys.platform == "linux"
        child.process = subprocess.Popen(  # noqa: S603
            child.command,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            process_group=0 if linux else None,
            preexec_fn=_end_with_parent if linux else None,
        )
        child.started, child.told_to_end = now, False
        log.info("process started", process=child.name, pid=child.process.pid)

    def _reload(self) -> None:
        if faults := self._obstacles():
            log.error("not reloaded, all goes on as before", faults=list(faults))
            return
        log.info("reloading")
        for child in self._children:
            if child.process is None or child.process.poll() is not None:
                continue
            child.process.send_signal(child.reload or signal.SIGTERM)
            child.started = -math.inf  # its end is wanted, not a failure
            child.told_to_end = child.reload is None

    def _end(self) -> int:
        """Ask every child to end and wait. Returns 1 when one had to be killed."""
        running = [child for child in self._children if child.process and child.process.poll() is None]
        for child in running:
            assert child.process is not None  # noqa: S101 - chosen above
            child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace_s
        killed = 0
        for child in running:
            assert child.process is not None  # noqa: S101 - chosen above
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("process killed", process=child.name, after_s=self._grace_s)
                _kill(child.process)
                killed = 1
        log.info("all processes ended")
        return killed


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "linux":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _end_with_parent() -> None:
    """Have the kernel send SIGTERM to this child when its parent dies (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
