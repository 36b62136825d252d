"""What keeps processes from starting after a reload: asked before any that runs is told to end."""

import os
import subprocess
import sys

from .loading import RELOADING

_PATIENCE_S = 40.0
_FAULT = "✗ "


def obstacles() -> list[str]:
    """Return what would keep a new process from starting, a sentence each; [] where nothing would.

    A process of its own looks, as `sms-bridge check` does: plugins and connections must not come into one
    that forks others, nor a second time into one that works with them.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bridge.cli", "check"],
            env={**os.environ, "PYTHONIOENCODING": "utf-8", RELOADING: "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"sms-bridge check could not be asked ({type(error).__name__})."]
    if done.returncode == 0:
        return []
    faults = [line.removeprefix(_FAULT) for line in done.stdout.splitlines() if line.startswith(_FAULT)]
    return faults or [f"sms-bridge check ended with status {done.returncode}."]
