"""`serve` keeps its children running and leaves none behind: shown with real processes and signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DEADLINE_S = 120.0

# A child that writes down when it starts and which signals it gets; `obeys` ends at SIGTERM.
CHILD = """
import os, signal, sys, time
journal, name, obeys = sys.argv[1:]
def note(text):
    with open(journal, "a") as file:
        file.write(f"{name} {text} {os.getpid()}\\n")
def end(number, frame):
    note("term")
    if obeys == "obeys":
        sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGHUP, lambda number, frame: note("hup"))
note("start")
while True:
    time.sleep(0.05)
"""

PARENT = """
import signal, sys
from bridge import logs
from bridge.cli.running.supervisor import Child, Supervisor
logs.configure()
journal, script, obeys, *faults = sys.argv[1:]
def child(name, obeys, **options):
    return Child(name, [sys.executable, script, journal, name, obeys], **options)
children = [child("web", "obeys", vital=True, reload=signal.SIGHUP), child("worker", obeys)]
supervisor = Supervisor(children, grace_s=1, obstacles=lambda: faults)
sys.exit(supervisor.run())
"""


class Serving:
    """A supervisor with two children, and the journal they write."""

    def __init__(self, folder: Path, obeys: str = "obeys", fault: str = "") -> None:
        self.journal = folder / "journal"
        self.journal.touch()
        script = folder / "child.py"
        script.write_text(CHILD)
        command = [
            sys.executable,
            "-c",
            PARENT,
            str(self.journal),
            str(script),
            obeys,
            *filter(None, [fault]),
        ]
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log)
        self.wait_for("web start")
        self.wait_for("worker start")

    def pids(self, what: str) -> list[int]:
        """Return the processes that wrote this."""
        lines = self.journal.read_text().splitlines()
        return [int(line.rpartition(" ")[2]) for line in lines if line.startswith(what)]

    def wait_for(self, what: str, times: int = 1) -> list[int]:
        """Wait until the journal says this so many times."""
        wait_until(lambda: len(self.pids(what)) >= times)
        return self.pids(what)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the supervisor's end. Returns its status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        """Kill what is left."""
        if self.process.poll() is None:
            self.process.kill()
        for pid in self.pids("web start") + self.pids("worker start"):
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    made: list[Serving] = []

    def start(**options: str) -> Serving:
        made.append(Serving(tmp_path, **options))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_children_are_asked_to_end(serving: Callable[..., Serving], number: int) -> None:
    """Both signals end both children in their own time, with status 0."""
    bridge = serving()
    assert bridge.end(number) == 0
    assert len(bridge.pids("web term")) == len(bridge.pids("worker term")) == 1


def test_a_dead_worker_is_started_again(serving: Callable[..., Serving]) -> None:
    """Killed twice, it comes back twice; the web goes on."""
    bridge = serving()
    for times in (1, 2):
        os.kill(bridge.wait_for("worker start", times)[-1], signal.SIGKILL)
    assert len(set(bridge.wait_for("worker start", 3))) == 3
    assert bridge.end() == 0
    assert sum("warning" in line for line in bridge.log.read_text().splitlines()) == 2
    assert len(bridge.pids("web start")) == 1


def test_the_end_of_the_web_ends_everything(serving: Callable[..., Serving]) -> None:
    """Whoever started the bridge sees that it failed; the worker ends cleanly."""
    bridge = serving()
    os.kill(bridge.pids("web start")[0], signal.SIGKILL)
    assert bridge.process.wait(DEADLINE_S) == 1
    assert len(bridge.pids("worker term")) == 1


def test_a_child_that_does_not_obey_is_killed(serving: Callable[..., Serving]) -> None:
    """After the grace time nothing is left, and the status says that force was needed."""
    bridge = serving(obeys="stubborn")
    [worker] = bridge.pids("worker start")
    assert bridge.end() == 1
    assert not alive(worker)
    assert "process killed" in bridge.log.read_text()


def test_sighup_reloads_the_web_and_renews_the_worker(serving: Callable[..., Serving]) -> None:
    """gunicorn reloads by itself; a worker ends cleanly and starts again."""
    bridge = serving()
    bridge.process.send_signal(signal.SIGHUP)
    bridge.wait_for("worker start", 2)
    assert len(bridge.wait_for("web hup")) == len(bridge.pids("worker term")) == 1
    assert bridge.end() == 0
    assert [line for line in bridge.log.read_text().splitlines() if "warning" in line] == []


def test_a_faulty_configuration_is_not_reloaded(serving: Callable[..., Serving]) -> None:
    """The bridge goes on with what it has, and the log names each fault."""
    bridge = serving(fault="channels.promo.kye: There is no such setting.")
    bridge.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "channels.promo.kye: There is no such setting." in bridge.log.read_text())
    assert "not reloaded, all goes on as before" in bridge.log.read_text()
    assert bridge.end() == 0
    assert bridge.pids("web hup") == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does it on Linux only")
def test_no_child_outlives_a_killed_supervisor(serving: Callable[..., Serving]) -> None:
    """SIGKILL leaves no time to tidy up; the kernel tells the children."""
    bridge = serving()
    bridge.end(signal.SIGKILL)
    for name in ("web", "worker"):
        bridge.wait_for(f"{name} term")
        wait_until(lambda name=name: not alive(bridge.pids(f"{name} start")[0]))  # type: ignore[misc]
