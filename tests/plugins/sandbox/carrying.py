"""The sandbox carrier for tests: in this process with a clock of ours, or as a process to be killed."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from bridge.testing.table.samples import NOW
from bridge_sandbox.carrier.app import CarrierApp
from bridge_sandbox.carrier.faults import FaultRates, FaultyDay
from bridge_sandbox.carrier.record import CarrierStore
from bridge_sandbox.carrier.rules import Profile
from bridge_sandbox.carrier.server import CarrierServer

KEY = "sandbox-key"
AUTH = {"Authorization": f"Bearer {KEY}"}
DEADLINE_S = 120.0


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: float = 1_793_600_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time in seconds since the epoch."""
        return self.now


@contextmanager
def serving(
    database: Path, clock: Callable[[], float], faults: Mapping[str, float] | None = None
) -> Iterator[CarrierServer]:
    """Yield a carrier behind a real socket, in a thread of this process."""
    carrier = CarrierApp(CarrierStore(str(database)), FaultyDay(FaultRates.parse(faults or {})), clock)
    with CarrierServer(carrier.app, "127.0.0.1", 0) as server:
        carrier.start()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
    carrier.close()


class Running:
    """A real carrier and what it took."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def delivered(self) -> list[str]:
        """The number of every message, as often as it was taken."""
        record = requests.get(f"{self.url}/record/messages", timeout=10).json()
        return ["+" + message["number"] for message in record["messages"]]


@contextmanager
def carrier() -> Iterator[Running]:
    """Run a carrier that knows the account's templates; its day is the table's, so that calls are in time."""
    began = time.monotonic()

    def clock() -> float:
        return NOW.timestamp() + time.monotonic() - began

    with tempfile.TemporaryDirectory() as folder:
        record = CarrierStore(str(Path(folder) / "carrier.db"))
        account = record.register("promo", KEY, Profile.parse({"review_delay_s": 0}), clock())
        for kind in ("text", "digital"):
            written = {
                "type": "notification",
                "name": kind,
                "sign": "Acme",
                "content": "Hello",
                "media": "[]",
            }
            record.write_template(account, {"kind": kind, **written}, clock())
        record.close()
        with serving(Path(folder) / "carrier.db", clock) as server:
            yield Running(server.url)


class CarrierProcess:
    """The carrier as anyone starts it."""

    def __init__(self, database: Path, *options: str) -> None:
        command = [sys.executable, "-m", "bridge_sandbox.carrier", "--database", str(database), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        self._process.kill()
        self._process.communicate(timeout=DEADLINE_S)

    def terminate(self) -> tuple[int, str]:
        """SIGTERM; the exit status and what was written to the error stream."""
        self._process.terminate()
        _, errors = self._process.communicate(timeout=DEADLINE_S)
        return self._process.returncode, errors


class Webhook:
    """Takes what is posted to it; answers with `answers`, then with the carrier's own acknowledgement."""

    ACKNOWLEDGEMENT = (200, b'{"received": true}')

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.pages: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """Return all acknowledged entries of one kind: receipts, replies or reviews."""
        with self._news:
            return [entry for page in self.pages for entry in page[kind]]

    def wait_for(self, kind: str, count: int) -> list[dict[str, Any]]:
        """Return the entries of a kind once there are `count` of them."""
        with self._news:
            full = self._news.wait_for(
                lambda: sum(len(page[kind]) for page in self.pages) >= count, DEADLINE_S
            )
        found = self.entries(kind)
        assert full, f"{len(found)} of {count} {kind} came"
        return found

    def _handler(webhook) -> type[BaseHTTPRequestHandler]:  # noqa: N805 (`self` is the handler inside)
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with webhook._news:
                    status, answer = webhook.answers.pop(0) if webhook.answers else webhook.ACKNOWLEDGEMENT
                    webhook.requests.append((headers, body))
                    if (status, answer) == webhook.ACKNOWLEDGEMENT:
                        webhook.pages.append(json.loads(body))
                    webhook._news.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Quiet."""

        return Handler
