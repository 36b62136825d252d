"""A whole bridge in processes of its own, with one channel: for tests that kill it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from bridge.ledger import Ledger, open_ledger, upgrade
from bridge.simulator import Line, QuickAudience

CHANNEL = "promo"
KEY = "kit-channel-key"
_START_S = 120.0
"""A machine with much else to do starts a process late."""
_LONGEST_S = 900.0
"""Whatever moves all the time without an end hangs, too."""


class RunningBridge:
    """One web process and one worker on a database of their own; the worker may be killed and started.

    `python` is the interpreter whose environment has the bridge and the plugin.
    """

    def __init__(
        self, folder: Path, url: str, ledger: Ledger, environ: Mapping[str, str], python: str
    ) -> None:
        self.url = url
        self.ledger = ledger
        self.qa = QuickAudience(f"{url}/{CHANNEL}", KEY, platform_name="Kit", line=Line(patience_s=10))
        self._folder = folder
        self._environ = dict(environ)
        self._python = python
        self._worker: subprocess.Popen[bytes] | None = None

    def start_worker(self) -> None:
        """Start the worker; it need not have begun when this returns."""
        with (self._folder / "worker.log").open("ab") as log:
            self._worker = subprocess.Popen(  # noqa: S603
                [self._python, "-m", "bridge.cli", "worker"], env=self._environ, stdout=log, stderr=log
            )

    def kill_worker(self) -> None:
        """Kill it with -9: no handler runs, nothing is finished."""
        assert self._worker is not None
        self._worker.send_signal(signal.SIGKILL)
        self._worker.wait()

    def require_worker(self) -> None:
        """Raise AssertionError when the worker ended by itself."""
        assert self._worker is not None and self._worker.poll() is None, f"the worker ended\n{self.log}"

    def close(self) -> None:
        """End the worker and close the connections."""
        if self._worker is not None and self._worker.poll() is None:
            self._worker.terminate()
            self._worker.wait(60)
        self.qa.close()
        self.ledger.close()

    @property
    def log(self) -> str:
        """The end of what web and worker logged."""
        files = [self._folder / name for name in ("web.log", "worker.log")]
        return "\n".join(file.read_text(errors="replace")[-3000:] for file in files if file.is_file())


@contextmanager
def running_bridge(
    folder: Path,
    vendor: str,
    settings: Mapping[str, Any],
    *,
    python: str = sys.executable,
    signs: Mapping[str, str] | None = None,
    lease_s: int = 120,
) -> Iterator[RunningBridge]:
    """Start a bridge with one channel of `vendor`; its files lie in `folder`.

    `signs` are the local signatures of a vendor that keeps none.
    """
    database = f"sqlite:///{folder / 'bridge.db'}"
    config = folder / "bridge.toml"
    channel = {"vendor": vendor, "signs": signs or {}, "settings": settings}
    config.write_text(_config(folder, database, channel, lease_s), encoding="utf-8")
    environ = {**os.environ, "SMS_BRIDGE_CONFIG": str(config)}
    upgrade(database)
    url, web = _start_web(folder, environ, python)
    bridge = RunningBridge(folder, url, open_ledger(database, pool_size=2), environ, python)
    try:
        await_(lambda: _healthy(url), _START_S, lambda: f"the web did not start\n{bridge.log}")
        bridge.start_worker()
        yield bridge
    finally:
        bridge.close()
        web.terminate()
        web.wait(60)


def _start_web(
    folder: Path, environ: Mapping[str, str], python: str
) -> tuple[str, "subprocess.Popen[bytes]"]:
    # The socket is bound here and handed on, so that no other process can take the port.
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        command = [python, "-m", "gunicorn", "--bind", f"fd://{listening.fileno()}", "--threads", "4"]
        with (folder / "web.log").open("ab") as log:
            web = subprocess.Popen(  # noqa: S603
                [*command, "bridge.web:assemble()"],
                env=environ,
                stdout=log,
                stderr=log,
                pass_fds=[listening.fileno()],
            )
        return f"http://127.0.0.1:{listening.getsockname()[1]}", web


def await_(condition: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
    """Wait until the condition holds; raises AssertionError with the complaint when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.02)


def await_progress(
    condition: Callable[[], bool],
    progress: Callable[[], object],
    seconds: float,
    complaint: Callable[[], str],
) -> None:
    """Wait until the condition holds, for as long as something moves; raises AssertionError otherwise.

    `progress` is compared with what it was: `seconds` may pass without any.
    """
    began = moved = time.monotonic()
    last = progress()
    while not condition():
        now = progress()
        if now != last:
            last, moved = now, time.monotonic()
        assert time.monotonic() < min(moved + seconds, began + _LONGEST_S), complaint()
        time.sleep(0.02)


def _healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def _config(folder: Path, database: str, channel: Mapping[str, Any], lease_s: int) -> str:
    bridge = {
        "database": database,
        "metrics_dir": str(folder / "metrics"),
        "public_url": "https://sms.example.com",
        "lease_s": lease_s,
        "clocks_apart_s": 0,
        "dispatch_threads": 4,
        "poll_idle_s": 0.1,
    }
    common = {
        "platform_name": "Kit",
        "key": KEY,
        "receipts": "pull",
        "hook_token": "kit-hook-token-0123456789",
        "allow_private": True,
        "concurrency": 4,
        "reconcile_after_s": 1,
    }
    return _table("bridge", bridge) + _table(f"channels.{CHANNEL}", {**common, **channel})


def _table(name: str, values: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    lines = [f"{_text(key)} = {_value(value)}" for key, value in plain.items()]
    tables = [_table(f"{name}.{_text(key)}", values[key]) for key in values if key not in plain]
    return "\n".join([f"[{name}]", *lines, "", *tables])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, int | float) else _text(value)


def _text(value: object) -> str:
    # A TOML basic string escapes as JSON does.
    return json.dumps(str(value), ensure_ascii=False)
