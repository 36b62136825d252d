"""The benchmarks run: what they measure changes under them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = ("accept", "send", "receipts", "push", "single", "choices", "spans", "pages")


@pytest.mark.slow
def test_every_row_is_measured() -> None:
    """With little work; the figures mean nothing then."""
    only = [word for row in ROWS for word in ("--only", row)]
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--database", "sqlite", *only]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    for words in (
        "accept 1,000",
        "send 100 a call",
        "receipts, 1 a webhook",
        "push, 500",
        "one call a message",
        "spans of all",
        "page /console/audit",
    ):
        assert words in done.stdout
