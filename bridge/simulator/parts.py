"""Starts programs beside this one, waits until they are ready, and ends every one of them for certain.

Each part runs under `guard.py`: in a process group of its own, which ends with this process however this
process ends, SIGKILL included. What a part prints goes to a file, whose end explains a failure.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from . import guard

_TAIL_LINES = 25
_POLL_S = 0.05


class PartFailed(Exception):
    """A part did not start or has ended; the text holds the end of its log."""


class Part:
    """One running program."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environ: Mapping[str, str], grace_s: float
    ) -> None:
        self.name = name
        self.log = log
        self._grace_s = grace_s
        with log.open("wb") as output:
            # A session of its own, so that Ctrl-C reaches this process alone, which then ends the parts.
            self._guard = subprocess.Popen(  # noqa: S603
                [sys.executable, guard.__file__, str(grace_s), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environ},
                start_new_session=True,
            )

    def await_ready(self, ready: Callable[[], bool], timeout_s: float = 120) -> None:
        """Wait until `ready()`; raises PartFailed when the part ends before or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise PartFailed(self._explain(f"is not ready after {timeout_s:g} seconds"))
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Raise PartFailed when the part has ended."""
        status = self._guard.poll()
        if status is not None:
            raise PartFailed(self._explain(f"ended with status {status}"))

    def first_line(self) -> str:
        """Return the first line it printed, "" as long as there is none."""
        line, newline, _ = self.log.read_text("utf-8", "replace").partition("\n")
        return line if newline else ""

    def ask_to_end(self) -> None:
        """Let it end in its own time."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()

    def end(self) -> None:
        """Ask it to end and wait until it has; its guard kills what does not obey."""
        self.ask_to_end()
        try:
            self._guard.wait(self._grace_s + 5)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()

    def _explain(self, what: str) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:]
        tail = "\n".join(f"    {line}" for line in lines) or "    (it printed nothing)"
        return f"The {self.name} {what}. The end of its log:\n{tail}"


class Parts:
    """All parts of one run, with their logs in `directory`. Leaving the context ends them, last one first.

    A part that is asked to end has `grace_s` seconds for it.
    """

    def __init__(self, directory: Path, grace_s: float = 15) -> None:
        self.directory = directory
        self._grace_s = grace_s
        self._parts: list[Part] = []

    def start(self, name: str, *command: str, environ: Mapping[str, str] | None = None) -> Part:
        """Start one program; its log is `NAME.log`."""
        part = Part(name, command, self.directory / f"{name}.log", environ or {}, self._grace_s)
        self._parts.append(part)
        return part

    def check(self) -> None:
        """Raise PartFailed when any part has ended."""
        for part in self._parts:
            part.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for part in reversed(self._parts):
            part.end()
