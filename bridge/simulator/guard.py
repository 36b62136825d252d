"""Runs one command in a process group of its own and takes the whole group down with its starter.

`python guard.py GRACE_S COMMAND...` holds its standard input open and reads nothing from it. When that pipe
closes, because the starter closed it or was killed, the group gets SIGTERM; what of it is left after GRACE_S
seconds gets SIGKILL.
Only POSIX calls, so it works beyond Linux; only the standard library, so it starts fast.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

_ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(grace_s: float, command: list[str]) -> int:
    """Run the command until it ends, a signal comes, or standard input closes. Returns its exit status."""
    for signum in _ENDINGS:
        signal.signal(signum, _end)
    child = None
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603
        threading.Thread(target=_end_with_starter, daemon=True).start()
        return _wait(child)
    finally:
        if child is not None:
            _end_group(child, grace_s)


def _wait(child: subprocess.Popen[bytes]) -> int:
    """Wait in steps: the system may give a signal to the other thread, and then it interrupts no wait.

    Returns the exit code.
    """
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(1.0)


def _end(signum: int, _frame: FrameType | None) -> None:
    for other in _ENDINGS:
        signal.signal(other, signal.SIG_IGN)  # ending must not be interrupted by a second wish to end
    raise SystemExit(128 + signum)


def _end_with_starter() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _end_group(child: subprocess.Popen[bytes], grace_s: float) -> None:
    """Leave nothing of the group behind: ask once, wait, then kill whatever is left."""
    _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and _group_lives(child):
        time.sleep(0.02)
    _signal_group(child, signal.SIGKILL)


def _group_lives(child: subprocess.Popen[bytes]) -> bool:
    child.poll()  # reaps the leader: a zombie would count as living
    try:
        os.killpg(child.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _signal_group(child: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signum)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
