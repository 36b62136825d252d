"""Metrics of several processes add up, whoever shows them."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import metrics

# Each process prints its own number when it is done counting, and goes on until its input ends.
COUNTING = """
import os, sys
from bridge import metrics
metrics.ACCEPTED.labels("early", "text")   # made before sharing: counts for nobody
metrics.share(sys.argv[1], sys.argv[2])
metrics.share(sys.argv[1], sys.argv[2])
for _ in range(int(sys.argv[3])):
    child = os.fork()
    if not child:
        metrics.ACCEPTED.labels("promo", "text").inc(5)
        metrics.VENDOR_SECONDS.labels("promo", "send_batch").observe(0.2)
        os._exit(0)
    os.waitpid(child, 0)
metrics.ACCEPTED.labels("promo", "text").inc(1)
metrics.IN_FLIGHT.labels("promo").inc()
print(os.getpid(), flush=True)
sys.stdin.read()
"""
SHOWING = """
import sys
from bridge import metrics
metrics.share(sys.argv[1], "web")
sys.stdout.buffer.write(metrics.exposition())
"""


def shown(folder: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", SHOWING, folder], capture_output=True, text=True, check=True
    ).stdout


def value(text: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0


@pytest.fixture
def counting(tmp_path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", COUNTING, tmp_path, "web", "2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_all_processes_of_all_roles_add_up(tmp_path: Path, counting: "subprocess.Popen[str]") -> None:
    with counting:
        assert counting.stdout is not None
        web = int(counting.stdout.readline())
        worker = [sys.executable, "-c", COUNTING, str(tmp_path), "worker", "0"]
        subprocess.run(worker, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        text = shown(tmp_path)
        assert value(text, 'sms_bridge_accepted_total{channel="promo",kind="text"}') == 12
        seconds = 'sms_bridge_vendor_call_seconds_bucket{channel="promo",hook="send_batch",le="0.25"}'
        assert value(text, seconds) == 2
        assert value(text, 'sms_bridge_requests_in_flight{channel="promo"}') == 2
        metrics.clear(tmp_path, "web")
        assert {file.name for file in tmp_path.glob("counter_web-*")} == {f"counter_web-{web}.db"}
        counting.communicate()
    metrics.forget(tmp_path, "web", web)
    text = shown(tmp_path)
    assert value(text, 'sms_bridge_requests_in_flight{channel="promo"}') == 1, "the worker's alone"
    assert value(text, 'sms_bridge_accepted_total{channel="promo",kind="text"}') == 2
    metrics.clear(tmp_path, "web")
    assert value(shown(tmp_path), 'sms_bridge_accepted_total{channel="promo",kind="text"}') == 1


def test_a_process_of_another_user_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def not_permitted(pid: int, signal: int) -> None:
        raise PermissionError

    file = tmp_path / "counter_web-1.db"
    file.touch()
    monkeypatch.setattr(os, "kill", not_permitted)
    metrics.clear(tmp_path, "web")
    assert file.exists()


def test_a_process_without_room_on_the_disk_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its start, or when its file would grow; a mapped page without room would end it (SIGBUS)."""
    room = [0]

    def take(file: int, offset: int, size: int) -> None:
        if size > room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.truncate(file, size)

    monkeypatch.setattr(os, "posix_fallocate", take)
    for size, files in ((0, 0), (1 << 16, 1), (1 << 30, 2)):
        room[0] = size
        counts = metrics._Counts(str(tmp_path / f"counter_web-{size}.db"))
        for number in range(2000):
            counts.write_value(f"a name of some length {number}", float(number), 0.0)  # type: ignore[no-untyped-call]
        found = {name: value for name, value, *_ in counts.read_all_values()}  # type: ignore[no-untyped-call]
        assert len(found) == 2000 and found["a name of some length 1999"] == 1999
        counts.close()  # type: ignore[no-untyped-call]
        assert len(list(tmp_path.iterdir())) == files, "an empty file could not be added up"
