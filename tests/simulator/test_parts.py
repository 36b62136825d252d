"""Parts: whatever happens to their starter, nothing of them stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.simulator.parts import PartFailed, Parts

# A part with a child of its own, as gunicorn has workers; both say their ids. The child is deaf to SIGTERM
# when told so.
FAMILY = """\
import os, signal, subprocess, sys, time
deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" if "deaf" in sys.argv else ""
code = f"import os, signal, time; {deaf} print(os.getpid(), flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
print(os.getpid(), child.stdout.readline().strip(), flush=True)
time.sleep(600)
"""
# A test run in the background of a shell ignores SIGINT, and so would all that it starts.
STARTER = f"""\
import signal, sys, time
from pathlib import Path
from bridge.simulator.parts import Parts
signal.signal(signal.SIGINT, signal.default_int_handler)
with Parts(Path(sys.argv[1])) as parts:
    part = parts.start("family", sys.executable, "-c", {FAMILY!r})
    part.await_ready(lambda: bool(part.first_line()))
    print(part.first_line(), flush=True)
    time.sleep(600)
"""


def until(condition: Callable[[], bool], seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return held


def lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return _state(pid) != "Z"


def _state(pid: str) -> str:
    """Of a process that is nobody's child here only the kernel knows whether it is a zombie, or `ps`."""
    if Path("/proc/self/stat").exists():  # a slim container has no `ps`
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "Z"
    shown = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1] or "Z"


def test_leaving_ends_a_part_and_its_children(tmp_path: Path) -> None:
    with Parts(tmp_path) as parts:
        part = parts.start("family", sys.executable, "-c", FAMILY)
        part.await_ready(lambda: bool(part.first_line()))
        pids = part.first_line().split()
        assert len(pids) == 2
        assert all(map(lives, pids))
    assert not any(map(lives, pids))


def test_what_is_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    with Parts(tmp_path, grace_s=0.3) as parts:
        part = parts.start("family", sys.executable, "-c", FAMILY, "deaf")
        part.await_ready(lambda: bool(part.first_line()))
        pids = part.first_line().split()
    assert not any(map(lives, pids))


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_a_starter_that_is_ended_leaves_no_orphans(tmp_path: Path, signum: signal.Signals) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as starter:
        assert starter.stdout is not None
        try:
            pids = starter.stdout.readline().split()
            assert len(pids) == 2
            assert all(map(lives, pids))
            starter.send_signal(signum)
            starter.wait(20)
        finally:
            starter.kill()
    assert until(lambda: not any(map(lives, pids)))


def test_a_part_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    code = "import sys; [print('line', n) for n in range(99)]; sys.exit('no such database')"
    with Parts(tmp_path) as parts:
        part = parts.start("bridge", sys.executable, "-c", code)
        with pytest.raises(PartFailed) as caught:
            part.await_ready(lambda: False)
    text = str(caught.value)
    assert "The bridge ended with status 1." in text
    assert "line 98" in text
    assert "no such database" in text
    assert "line 1\n" not in text


def test_a_part_that_never_gets_ready_fails(tmp_path: Path) -> None:
    with Parts(tmp_path) as parts:
        part = parts.start("bridge", sys.executable, "-c", "import time; time.sleep(600)")
        with pytest.raises(PartFailed, match=r"not ready after 0.1 seconds(.|\n)*printed nothing"):
            part.await_ready(lambda: False, timeout_s=0.1)
        parts.check()
