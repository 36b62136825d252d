"""A whole installation of separate processes: the bridge, a sandbox carrier, Quick Audience's callbacks."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from bridge.contract import signing
from bridge.plugin.http import Session
from bridge.simulator.quick_audience import QuickAudience, TemplateForm
from tests.campaign.processes import Program, free_port, python

from .stage import CHANNEL, KEY, SIGN

HOOK_TOKEN = "benchmark-hook-token-01"
_READY_S = 120
_CONFIG = """
[bridge]
database = "{database}"
public_url = "{bridge}"
metrics_dir = "{folder}/metrics"
poll_idle_s = 0.1

[channels.{channel}]
platform_name = "Acme SMS"
key = "{key}"
callback_url = "{callbacks}"
hook_token = "{hook_token}"
allow_private = true
max_pending = 100000000
"""
_SANDBOX = """
vendor = "sandbox"

[channels.{channel}.settings]
url = "{carrier}"
key = "benchmark-carrier-key"
messages_per_call = {per_call}
latency_s = 0.005
failure_rate = 0.05
reply_rate = 0
receipt_delay_s = 0
review_delay_s = 0
"""


class Installation:
    """Use as a context manager over a database with its schema. Without `worker` only gunicorn runs.

    `vendor` is the rest of the channel's settings; `carrier` is what such a vendor's carrier is started by,
    given the bridge's address.
    """

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        worker: bool = True,
        per_call: int = 1000,
        vendor: str = _SANDBOX,
        carrier: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        self._folder = folder
        self._vendor = vendor
        self._stack = ExitStack()
        self.url = f"http://127.0.0.1:{free_port()}"
        sandbox = ("bridge_sandbox.carrier", "--database", str(folder / "carrier.db"))
        self.carrier = self._program("carrier", *(carrier(self.url) if carrier else sandbox))
        bind = self.url.removeprefix("http://")
        command = (
            ("bridge.cli", "serve", "--bind", bind, "--web-workers", "1")
            if worker
            else ("gunicorn", "-c", "config/gunicorn.py", "-b", bind, "-w", "1", "wsgi:app")
        )
        self.bridge = self._program("bridge", *command)
        self._config = {
            "database": database_url,
            "bridge": self.url,
            "folder": folder,
            "channel": CHANNEL,
            "key": KEY,
            "hook_token": HOOK_TOKEN,
            "per_call": per_call,
        }

    def __enter__(self) -> Self:
        self.server = self._stack.enter_context(started_callbacks(self._folder))
        self._stack.enter_context(self.carrier)
        carrier = _first_line(self.carrier)
        config = (_CONFIG + self._vendor).format(**self._config, carrier=carrier, callbacks=self.server.url)
        (self._folder / "bridge.toml").write_text(config)
        self._stack.enter_context(self.bridge)
        self.http = self._stack.enter_context(Session(threads=8, timeout=(5, 600)))
        _await(self.bridge, lambda: self.http.get(f"{self.url}/healthz").ok)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self.bridge.process is not None:
            self.bridge.stop()
        self._stack.close()

    @property
    def pids(self) -> Mapping[str, int]:
        """The processes of all parts."""
        parts = {"bridge": self.bridge, "carrier": self.carrier}
        started = {name: part.process.pid for name, part in parts.items() if part.process}
        return started | {"callbacks": self.server.pid}

    def template(self) -> str:
        """Return an approved template with three variables; its code."""
        front = QuickAudience(f"{self.url}/{CHANNEL}", KEY)
        front.query_sign(SIGN)
        form = TemplateForm("Spring", "尊敬的${name}，您的专属链接${link}，验证码${code}。", 1, "benchmark")
        code = front.create_text_template(form)
        _await(self.bridge, lambda: front.query_text_template(code)["templateStatus"] == 1)
        front.close()
        return code

    def send(self, body: bytes) -> None:
        """Send to a list as Quick Audience does. Raises AssertionError unless the answer is OK."""
        query, signature = signing.fresh(KEY, datetime.now(UTC))
        answer = self.http.post(
            f"{self.url}/{CHANNEL}/sms/sendBatchList",
            params=query,
            data=body,
            headers={signing.HEADER: signature, "Content-Type": "application/json"},
        ).json()
        assert answer["code"] == "OK", answer

    def _program(self, name: str, *command: str) -> Program:
        environ = {"SMS_BRIDGE_CONFIG": str(self._folder / "bridge.toml")}
        return Program(python("-m", *command), self._folder / f"{name}.log", environ)


class Callbacks:
    """Quick Audience's end of the callbacks, in another process."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid
        self._http = Session()

    def received(self) -> int:
        """Return how many receipts it has; a repetition counts once."""
        return sum(self._http.get(f"{self.url}/inspector").json()["receipts"].values())

    def close(self) -> None:
        """Close the connection to it."""
        self._http.close()


@contextmanager
def started_callbacks(folder: Path) -> Iterator[Callbacks]:
    """Quick Audience's end of the callbacks, ended afterwards."""
    with Program(python("-m", "tests.benchmarks.callbacks"), folder / "callbacks.log", {}) as program:
        url = _first_line(program)
        assert program.process is not None
        with closing(Callbacks(url, program.process.pid)) as server:
            yield server


def _first_line(program: Program) -> str:
    """Return what a server prints once it listens: its address."""
    _await(program, lambda: program.log().startswith("http") and "\n" in program.log())
    return program.log().splitlines()[0]


def _await(program: Program, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        with suppress(requests.RequestException):
            if done():
                return
        assert program.process is not None
        if program.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"it did not start:\n{program.log()[-3000:]}")
        time.sleep(0.05)
