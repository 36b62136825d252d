"""Vendors and a Quick Audience that hang, over real sockets: the others do not notice, and the end comes."""

import json
import math
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bridge.channels import discover, open_channels
from bridge.channels.registry import close_channels
from bridge.contract.bodies import SendListBody, TextTemplateBody
from bridge.ledger import Ledger, open_ledger
from bridge.plugin import Kind
from bridge.services import ChannelHistory, Services, build
from bridge.settings import loading
from bridge.simulator.callback_server import CallbackServer
from bridge.simulator.inspection import Rules
from tests.plugin.peers import read_request

from .processes import Program, python

KEY = "campaign-key-0123456789"
LEASE_S = 8
LATENCY_S = 0.2
MESSAGES = 20
SLACK_S = 1.0
"""What the machine may take beside: a call that hangs takes 20 seconds and more."""

_BRIDGE = f"""
[bridge]
database = "{{database}}"
metrics_dir = "{{folder}}/metrics"
lease_s = {LEASE_S}
clocks_apart_s = 0
poll_idle_s = 0.1
"""
_CHANNEL = f"""
[channels.{{name}}]
platform_name = "Acme SMS"
key = "{KEY}-{{name}}"
callback_key = "{KEY}"
callback_url = "{{callbacks}}"
allow_private = true
vendor = "http"
signs = {{{{ Acme = "approved" }}}}
[channels.{{name}}.settings]
recipe = "kannel"
base_url = "{{vendor}}"
secrets = {{{{ username = "jo", password = "secret-{{name}}" }}}}
"""


class Peer(socketserver.ThreadingTCPServer):
    """A Kannel that has no route for any number, or sends a byte a second and comes to no end."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 256

    def __init__(self, *, drips: bool) -> None:
        self.drips = drips
        self.called = threading.Semaphore(0)
        self.closed = threading.Event()
        super().__init__(("127.0.0.1", 0), _Caller)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self.shutdown()
        self.server_close()


class _Caller(socketserver.BaseRequestHandler):
    server: Peer

    def handle(self) -> None:
        with suppress(OSError):
            read_request(self.request)
            self.server.called.release()
            if self.server.drips:
                self.request.sendall(b"HTTP/1.1 202 Accepted\r\nX-Slow: ")
            while self.server.drips and not self.server.closed.wait(1):
                self.request.sendall(b"x")
            self.server.closed.wait(LATENCY_S)
            body = b"Not routable. Do not try again."
            head = f"HTTP/1.1 403 Forbidden\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            self.request.sendall(head.encode() + body)


class Installation:
    """A worker of its own process; sends are accepted here, as a web would."""

    def __init__(self, folder: Path, ledger: Ledger, services: Services, callbacks: CallbackServer) -> None:
        environ = {"SMS_BRIDGE_CONFIG": str(folder / "bridge.toml")}
        self.worker = Program(python("-m", "bridge.cli", "worker"), folder / "worker.log", environ)
        self.ledger = ledger
        self._services = services
        self._inbox = callbacks.inbox
        self._codes: dict[str, str] = {}

    def send(self, channel: str, phones: list[str]) -> str:
        """Accept a send. Returns its outId."""
        services, out_id = self._services[channel], f"{channel}-{phones[0]}"
        if channel not in self._codes:
            form = {"remark": "r", "templateContent": "Hi", "templateName": "n", "templateType": 1}
            self._codes[channel] = services.templates.create_text(TextTemplateBody.parse(_json(form)))
        body = {
            "outId": out_id,
            "phoneNumberJson": phones,
            "signName": "Acme",
            "templateCode": self._codes[channel],
        }
        services.accepting.send_list(SendListBody.parse(_json(body)), out_id.encode(), Kind.TEXT)
        return out_id

    def p90_s(self, first: int) -> float:
        """Send one message after another on the channel that is well. Returns the time to its callback."""
        times = []
        for index in range(MESSAGES):
            began = time.monotonic()
            out_id = self.send("well", [f"138{first + index:08d}"])
            assert self._inbox.wait(lambda out_id=out_id: self._inbox.received(out_id) == 1, 60), out_id  # type: ignore[misc]
            times.append(time.monotonic() - began)
        return sorted(times)[math.ceil(0.9 * MESSAGES) - 1]


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


@contextmanager
def installation(database: str, folder: Path, hung: Peer, hanging: int) -> Iterator[Installation]:
    callbacks = CallbackServer(Rules(KEY))
    callbacks.start()
    with Peer(drips=False) as well:
        text = _BRIDGE.format(database=database, folder=folder)
        text += _CHANNEL.format(name="well", vendor=well.url, callbacks=callbacks.url)
        for index in range(hanging):
            text += _CHANNEL.format(name=f"hung-{index}", vendor=hung.url, callbacks=hung.url)
        (folder / "bridge.toml").write_text(text)
        settings = loading.load(folder / "bridge.toml")
        ledger = open_ledger(database, pool_size=4)
        channels = open_channels(settings, discover(), lambda name: ChannelHistory(ledger, name, time.time))
        made = Installation(folder, ledger, build(settings, channels, ledger, time.time), callbacks)
        try:
            with made.worker:
                yield made
        finally:
            close_channels(channels)
            ledger.close()
            callbacks.close()


def await_(done: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.rehearsal
@pytest.mark.parametrize("hanging", [2, 12])
def test_channels_that_hang_do_not_slow_another(database_url: str, tmp_path: Path, hanging: int) -> None:
    """Their vendors drip, and their Quick Audience: a message of the one that is well takes what it took."""
    with Peer(drips=True) as hung, installation(database_url, tmp_path, hung, hanging) as made:
        alone_s = made.p90_s(0)
        for index in range(hanging):
            # The first number is none: it ends at once, so that Quick Audience is called, too.
            made.send(f"hung-{index}", ["12", *(f"139{number:08d}" for number in range(30))])
        for _ in range(2 * hanging):
            assert hung.called.acquire(timeout=30)
        beside_s = made.p90_s(MESSAGES)
        print(f"p90 alone {alone_s:.2f} s, beside {hanging} that hang {beside_s:.2f} s")
        assert beside_s < 2 * alone_s + SLACK_S


@pytest.mark.slow
@pytest.mark.rehearsal
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_ends_within_a_lease_amid_calls_that_drip(database_url: str, tmp_path: Path) -> None:
    """Its calls would take 25 seconds; their outcome is unknown, and the rest waits."""
    with Peer(drips=True) as hung, installation(database_url, tmp_path, hung, 2) as made:
        for name in ("hung-0", "hung-1"):
            made.send(name, ["12", *(f"139{number:08d}" for number in range(5))])
        for _ in range(4):
            assert hung.called.acquire(timeout=30)
        began = time.monotonic()
        made.worker.stop(timeout_s=60)
        assert time.monotonic() - began < LEASE_S
        assert "worker ended amid its calls" in made.worker.log()
        states = {state for _, state in made.ledger.gauges()}
        assert states & {"calling", "unknown"} and states <= {"calling", "unknown", "ready"}
