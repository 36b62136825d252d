"""`sms-bridge demo` as a newcomer runs it: the real bridge, carrier and Quick Audience, each a process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent

import pytest
from click.testing import CliRunner

from bridge.simulator.commands import demo

FULL_NUMBER = re.compile(r"(?<!\d)(?:86)?1[3-9]\d{9}(?!\d)")
DEMO = (sys.executable, "-m", "bridge.cli", "demo", "--recipients", "300")

linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to find orphans")


@contextmanager
def running(folder: Path, *options: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Yield the demo with all its files in `folder`, which also marks every process that descends from it."""
    command = [*DEMO, *options]
    environment = {**os.environ, "TMPDIR": str(folder), "SMS_BRIDGE_WEB_WORKERS": "1", **environ}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running_demo:
        try:
            yield running_demo
        finally:
            running_demo.kill()


def descendants(folder: Path) -> list[int]:
    """Return the processes that carry the folder in their environment."""
    mark = f"TMPDIR={folder}\0".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # ended in the meantime, or another user's
    return found


def command_of(pid: int) -> str:
    """Return what a process runs, for the one who reads a failure."""
    return f"{pid}: " + Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def none_left(folder: Path) -> bool:
    """Wait until every descendant has ended. Returns False when some have not after a minute."""
    deadline = time.monotonic() + 120
    while descendants(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not descendants(folder)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Return what it printed up to the line with these words."""
    printed = ""
    assert process.stdout is not None
    for line in process.stdout:
        printed += line
        if words in line:
            return printed
    raise AssertionError(printed)


def test_everything_reconciles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("SMS_BRIDGE_WEB_WORKERS", "1")
    result = CliRunner().invoke(demo, ["--recipients", "300"])
    output = result.output
    assert result.exit_code == 0, output
    assert "Everything reconciles." in output
    for row, figure in (("sent by Quick Audience", "390"), ("duplicates", "0"), ("lost", "0")):
        assert re.search(rf"{row} +│ +{figure} │", output), output
    assert re.search(r"replies +│ +[1-9]", output), "some recipients answered"
    assert not FULL_NUMBER.search(output)
    assert list(tmp_path.iterdir()) == [], "no file is left behind"


# What a faulty worker does -> the words by which the demo finds it out.
FAULTS: dict[str, tuple[str, str]] = {
    "reports success for all": (
        """
        from bridge.contract import callbacks
        honest = callbacks.receipt_entry
        success = {"sendStatus": "2", "errCode": "DELIVERED", "message": ""}
        callbacks.receipt_entry = lambda *what: honest(*what) | success
        """,
        "the receipt contradicts the carrier's record",
    ),
    "calls the vendor twice": (
        """
        from bridge.channels import hooks
        once = hooks.Hooks.send
        hooks.Hooks.send = lambda self, batch: (once(self, batch), once(self, batch))[1]
        """,
        "duplicate: accepted by the carrier more than once",
    ),
}


@pytest.mark.slow
def test_a_bridge_with_faults_ends_it_with_status_1(tmp_path: Path) -> None:
    """They are planted into the worker process alone, as Python starts it; each is found out."""
    planted = "".join(indent(dedent(fault), "    ") for fault, _ in FAULTS.values())
    code = f"if sys.orig_argv[-1:] == ['worker']:\n{planted}"
    (tmp_path / "sitecustomize.py").write_text(f"import sys\n{code}")
    with running(tmp_path, PYTHONPATH=str(tmp_path)) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    for name, (_, finding) in FAULTS.items():
        assert re.search(rf"does not reconcile: \d+ × {finding}", output), f"{name}\n{output}"
    assert "Everything reconciles." not in output


@pytest.mark.slow
@linux
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_leaves_no_orphans(tmp_path: Path, signum: signal.Signals) -> None:
    with running(tmp_path) as process:
        read_until(process, "Create text template")
        assert len(descendants(tmp_path)) > 5, "bridge, gunicorn, worker, carrier and their guards"
        process.send_signal(signum)
        process.wait(60)
        assert none_left(tmp_path), [command_of(pid) for pid in descendants(tmp_path)]


@pytest.mark.slow
@linux
def test_keep_prints_where_to_look_until_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path, "--keep") as process:
        output = read_until(process, "files and logs")
        assert output.count("/console/sign-in/") == 2, "one to watch it by, one for later"
        for name in ("prefix for Quick Audience", "/docs", "/metrics", "/inspector", "/record/summary"):
            assert name in output
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1
        assert none_left(tmp_path)


def test_a_bridge_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with running(tmp_path, SMS_BRIDGE_WEB_WORKERS="none") as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Error: The bridge ended with status" in output
    assert "SMS_BRIDGE_WEB_WORKERS: 'none' is no number" in output
    assert 'File "' not in output.partition("The end of its log:")[0], "no traceback of the demo itself"
