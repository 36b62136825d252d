"""`sms-bridge serve` as an operator starts it: one command, real processes, a clean end."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

DEADLINE_S = 120.0
SECRETS = {"DEMO_KEY": "demo-key-0123456789", "DEMO_TOKEN": "hook-token-0123456789"}
CONFIG = """
[bridge]
database = "sqlite:///{folder}/bridge.db"
metrics_dir = "{folder}/metrics"
public_url = "http://127.0.0.1:{port}"

[channels.demo]
platform_name = "Demo SMS"
key = "env:DEMO_KEY"
vendor = "sandbox"
hook_token = "env:DEMO_TOKEN"
receipts = "pull"

[channels.demo.settings]
url = "http://127.0.0.1:9"
key = "carrier-key-0123456789"

[channels.open]
platform_name = "Open SMS"
key = ""
vendor = "sandbox"
callback_url = "http://127.0.0.1:9"
allow_private = true
settings.url = "http://127.0.0.1:9"
settings.key = "carrier-key-0123456789"
settings.poll = true
"""


class Served:
    """A running bridge."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = folder / "bridge.toml"
        config.write_text(CONFIG.format(folder=folder, port=self.port))
        self._config = config
        self._environ = {**os.environ, **SECRETS, "SMS_BRIDGE_CONFIG": str(config)}
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bridge.cli", "serve", "--bind", f"127.0.0.1:{self.port}"],
                env=self._environ,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def command(self, *arguments: str) -> str:
        """Return what another command prints while the bridge runs."""
        command = [sys.executable, "-m", "bridge.cli", *arguments]
        return subprocess.run(command, env=self._environ, check=True, capture_output=True, text=True).stdout

    def change(self, old: str, new: str) -> None:
        """Change the configuration."""
        text = self._config.read_text()
        assert old in text
        self._config.write_text(text.replace(old, new))

    def ready(self) -> bool:
        """Return True when /readyz says so."""
        assert self.process.poll() is None, self.log
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def wait(self, *, ready: bool) -> None:
        """Wait until the bridge is ready, or not ready any more."""
        deadline = time.monotonic() + DEADLINE_S
        while self.ready() is not ready:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.1)

    @property
    def log(self) -> str:
        """Everything that its processes printed."""
        return self._log.read_text()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    bridge = Served(tmp_path)
    yield bridge
    if bridge.process.poll() is None:
        bridge.process.kill()
        bridge.process.wait()


@pytest.mark.slow
def test_one_command_runs_the_bridge(served: Served) -> None:
    """It makes its schema, answers signed requests, survives a reload and ends with status 0."""
    served.wait(ready=True)
    answer = curl(
        served.command("sign", "demo", "/sms/smsTemplate/T1", "--base", f"http://127.0.0.1:{served.port}")
    )
    assert answer.json()["platformName"] == "Demo SMS"
    assert answer.json()["code"] == "404"
    assert "yes" in served.command("channels")
    for setting in ("key", "callback_url"):  # web and worker both warn
        assert served.log.count(f'"setting": "channels.open.{setting}"') == 2
    served.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + DEADLINE_S
    while served.log.count("worker started") < 2:
        assert time.monotonic() < deadline, served.log
        time.sleep(0.1)
    served.wait(ready=True)
    served.change('key = "env:DEMO_KEY"', 'key = "env:DEMO_KEY_2"\nkye = "x"')
    served.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + DEADLINE_S
    while "not reloaded" not in served.log:
        assert time.monotonic() < deadline, served.log
        time.sleep(0.1)
    assert "channels.demo.kye: There is no such setting." in served.log
    assert "DEMO_KEY_2 is not set. A running process keeps the environment" in served.log
    assert served.ready()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(DEADLINE_S) == 0
    assert "worker stopped" in served.log
    assert "all processes ended" in served.log
    assert not [secret for secret in (*SECRETS.values(), "carrier-key") if secret in served.log]


def curl(command: str) -> requests.Response:
    """Make the request that `sms-bridge sign` printed."""
    words = shlex.split(command)
    header, value = words[words.index("-H") + 1].split(": ")
    return requests.request(words[words.index("-X") + 1], words[-1], headers={header: value}, timeout=10)
