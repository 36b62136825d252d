"""What reads the operator's files; without a tool its test is skipped and says so, in the gate it fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"


def tool(name: str) -> str:
    """Return the path of a program; without it skip the test, or fail it where the tools are required."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/postgresql/bin")
    if found:
        return found
    if os.environ.get("SMS_BRIDGE_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{name} is required here and is not installed.")
    pytest.skip(f"{name} is not installed: what it would read is not tried.")


def run(*command: str | Path, status: int = 0, **options: object) -> str:
    """Run a program to its end and return what it printed; any other exit status fails the test."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == status, done.stdout
    return str(done.stdout)
