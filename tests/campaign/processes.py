"""Programs of the bridge as real processes that can be killed without warning."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class Program:
    """One program in a process group of its own; `kill` ends all of it, as a crash of the machine would."""

    def __init__(self, command: list[str], log: Path, environ: Mapping[str, str]) -> None:
        self._command = command
        self._log = log
        self._environ = {**os.environ, **environ}
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0

    def start(self) -> None:
        """Start it, or start it again."""
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environ,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its whole group."""
        assert self.process is not None
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def stop(self, timeout_s: float = 30) -> int:
        """SIGTERM, and its exit status; killed when it takes too long."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(timeout_s)
        finally:
            self.kill()

    def log(self) -> str:
        """Return all it has printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.kill()


class Killer:
    """Kills one of some programs at random moments and starts it again, `kills` times."""

    def __init__(
        self, victims: list[Program], *, kills: int, seed: int, lifetime_s: tuple[float, float]
    ) -> None:
        self._victims = victims
        self._kills = kills
        self._random = random.Random(seed)
        self._lifetime_s = lifetime_s
        self._stop = threading.Event()
        self.killed = 0
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the last kill; False when it takes longer."""
        self._thread.join(timeout_s)
        return self.killed >= self._kills

    def _run(self) -> None:
        while self.killed < self._kills:
            if self._stop.wait(self._random.uniform(*self._lifetime_s)):
                return
            victim = self._random.choice(self._victims)
            victim.kill()
            victim.start()
            self.killed += 1


def python(*arguments: str) -> list[str]:
    """Return a command of this interpreter."""
    return [sys.executable, *arguments]
