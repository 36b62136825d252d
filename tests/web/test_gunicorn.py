"""The web as it is run: gunicorn with its configuration, several processes, a real socket."""

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.contract import signing
from bridge.ledger import upgrade

ROOT = Path(__file__).parents[2]
KEY = "a-key-that-is-never-shown"
CONFIGURATION = """
[bridge]
database = "sqlite:///{folder}/bridge.db"
metrics_dir = "{folder}/metrics"

[channels.promo]
platform_name = "Acme SMS"
key = "{key}"
vendor = "sandbox"
receipts = "pull"
signs = {{ "Acme/UK" = "approved" }}

[channels.promo.settings]
url = "http://127.0.0.1:9"
key = "sandbox-account-key"
poll = true
"""


def command(folder: Path, **environ: str) -> dict[str, Any]:
    """Return how gunicorn is started with the configuration in `folder`: arguments for subprocess."""
    return {
        "args": [sys.executable, "-m", "gunicorn", "-c", ROOT / "config" / "gunicorn.py", "wsgi:app"],
        "cwd": ROOT,
        "env": os.environ | {"SMS_BRIDGE_CONFIG": str(folder / "bridge.toml")} | environ,
    }


def refused(folder: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Return a start that must come to its end by itself."""
    how = command(folder, **{"SMS_BRIDGE_BIND": "127.0.0.1:0", "SMS_BRIDGE_WEB_WORKERS": "1", **environ})
    how["args"] = [*how["args"], *options]
    return subprocess.run(**how, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(("writable", "folder"), [(True, "/dev/shm"), (False, None)])
def test_the_sign_of_life_lies_where_it_can_be_written(
    writable: bool, folder: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A RAM disk that the service's user may not write to keeps no web process from starting."""
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(ROOT / "config" / "bridge.toml"))
    monkeypatch.setattr(os, "access", lambda path, mode: writable and (path, mode) == ("/dev/shm", os.W_OK))
    assert runpy.run_path(str(ROOT / "config" / "gunicorn.py"))["worker_tmp_dir"] == folder


class Web:
    """gunicorn with two processes on a port of its own."""

    def __init__(self, folder: Path, listening: socket.socket, *, upgraded: bool = True) -> None:
        if upgraded:
            upgrade(f"sqlite:///{folder}/bridge.db")
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.log = folder / "log"
        how = command(
            folder,
            SMS_BRIDGE_BIND=f"fd://{listening.fileno()}",
            SMS_BRIDGE_WEB_WORKERS="2",
            SMS_BRIDGE_WEB_THREADS="2",
        )
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(**how, pass_fds=[listening.fileno()], stderr=log)

    def ask(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        """Return a signed GET on a connection of its own."""
        query, signature = signing.fresh(KEY, datetime.now(UTC))
        return requests.get(
            self.url + path,
            params=query,
            headers={signing.HEADER: signature, "Connection": "close"} | (headers or {}),
            timeout=60,
        )

    def shown(self, line: str) -> float:
        """Return one value of /metrics."""
        text = requests.get(self.url + "/metrics", timeout=60).text
        found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a sound configuration."""
    (tmp_path / "bridge.toml").write_text(CONFIGURATION.format(folder=tmp_path, key=KEY))
    return tmp_path


@pytest.fixture
def web(folder: Path) -> Iterator[Web]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        web = Web(folder, listening)
        try:
            yield web
        finally:
            web.process.kill()
            web.process.wait()


COUNTED = 'sms_bridge_requests_total{channel="promo",code="OK",operation="querySign"}'


def test_two_processes_count_together_and_end_cleanly(web: Web, folder: Path) -> None:
    pids: set[str] = set()
    asked = 0
    deadline = time.monotonic() + 120
    while len(pids) < 2 and time.monotonic() < deadline:
        answer = web.ask("/promo//sms/smsSign/%E3%80%90Acme%2FUK%E3%80%91/")
        asked += 1
        assert (answer.status_code, answer.json()["signName"]) == (200, "Acme/UK")
        pids = {file.stem.rpartition("-")[2] for file in (folder / "metrics").glob("counter_web-*")}
    assert len(pids) == 2
    assert web.shown(COUNTED) == asked
    assert web.ask("/promo/sms/smsTemplate/none").status_code == 404
    assert requests.get(web.url + "/readyz", timeout=60).json()["database"] == "ok"

    os.kill(int(pids.pop()), signal.SIGKILL)
    assert web.ask("/promo/sms/smsSign/Acme%2FUK").status_code == 200
    assert web.shown(COUNTED) == asked + 1, "what a dead process has done still counts"

    web.process.send_signal(signal.SIGTERM)
    assert web.process.wait(60) == 0
    log = web.log.read_text()
    assert KEY not in log
    assert "Traceback" not in log
    assert all(line.startswith("{") for line in log.splitlines()), log


def test_sighup_reads_the_configuration_anew_and_refuses_nobody(web: Web, folder: Path) -> None:
    """Old processes answer until new ones do; each answers with the name that its configuration gives.

    A configuration with faults changes nothing: its faults are in the log.
    """
    path, config = "/promo/sms/smsSign/Acme%2FUK", folder / "bridge.toml"
    assert web.ask(path).json()["platformName"] == "Acme SMS"
    deadline = time.monotonic() + 120
    sound = config.read_text()
    config.write_text(sound.replace("poll = true", 'poll = "often"'))
    web.process.send_signal(signal.SIGHUP)
    while "channels.promo.settings.poll" not in web.log.read_text():
        assert web.process.poll() is None and time.monotonic() < deadline, web.log.read_text()
        time.sleep(0.1)
    assert web.ask(path).json()["platformName"] == "Acme SMS"
    config.write_text(sound.replace("Acme SMS", "Renamed SMS"))
    web.process.send_signal(signal.SIGHUP)
    while (answer := web.ask(path)).json()["platformName"] != "Renamed SMS":
        assert answer.status_code == 200
        assert time.monotonic() < deadline, web.log.read_text()
    web.process.send_signal(signal.SIGTERM)
    assert web.process.wait(60) == 0


def test_a_fault_of_a_plugin_is_told_as_one_event(folder: Path) -> None:
    config = folder / "bridge.toml"
    config.write_text(config.read_text().replace("poll = true", 'poll = "often"'))
    upgrade(f"sqlite:///{folder}/bridge.db")
    run = refused(folder)
    assert run.returncode == 3
    assert run.stderr.count("channels.promo.settings.poll") == 1
    assert "Traceback" not in run.stderr


WRONG = [
    ({"SMS_BRIDGE_BIND": "nonsense:port"}, "SMS_BRIDGE_BIND: 'nonsense:port' is no address"),
    ({"SMS_BRIDGE_BIND": "127.0.0.1:99999"}, "SMS_BRIDGE_BIND: '127.0.0.1:99999' is no address"),
    ({"SMS_BRIDGE_BIND": "203.0.113.7:8000"}, "203.0.113.7:8000 is no address of this machine"),
    ({"SMS_BRIDGE_WEB_WORKERS": "abc"}, "SMS_BRIDGE_WEB_WORKERS: 'abc' is no number"),
    ({"SMS_BRIDGE_WEB_THREADS": "-1"}, "SMS_BRIDGE_WEB_THREADS: '-1' is no number"),
]


@pytest.mark.parametrize(("environ", "sentence"), WRONG)
def test_a_wrong_environment_is_one_sentence(folder: Path, environ: dict[str, str], sentence: str) -> None:
    """Told once and at once."""
    run = refused(folder, **environ)
    assert run.returncode == 1
    assert run.stderr.count(sentence) == 1 and run.stderr.count("SMS_BRIDGE_") == 1
    assert "Traceback" not in run.stderr


def test_a_busy_port_is_one_sentence_wherever_it_is_named(folder: Path) -> None:
    """In the environment, or on gunicorn's own command line."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy = f"127.0.0.1:{server.getsockname()[1]}"
        for options, environ in (([], {"SMS_BRIDGE_BIND": busy}), (["--bind", busy], {})):
            run = refused(folder, *options, **environ)
            assert run.returncode == 1
            assert run.stderr.count(f"Somebody listens at {busy} already.") == 1
            assert "Traceback" not in run.stderr


def test_every_fault_of_the_configuration_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text('[channels.promo]\nvendor = "sandbox"\nkye = "x"\n')
    run = refused(tmp_path)
    assert run.returncode == 1
    assert "channels.promo.kye" in run.stderr
    assert "channels.promo.platform_name" in run.stderr
    assert "Traceback" not in run.stderr
