"""What keeps the service's user from working is told by `check`, and before `serve` starts anything."""

import os
import pwd
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from bridge.ledger import Ledger
from bridge.services.setup import trying

from .conftest import CONFIG, Desk

Trouble = Callable[[Desk, pytest.MonkeyPatch], None]
SERVICE = SimpleNamespace(pw_name="sms-bridge", pw_uid=4711)


def no_metrics(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    desk.write(CONFIG.replace("{folder}/metrics", "/proc/metrics"))


def a_file_for_metrics(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    desk.write(CONFIG.replace("{folder}/metrics", "/dev/null/metrics"))


def made_by_root(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "geteuid", lambda: 0)
    patch.setattr(pwd, "getpwnam", lambda name: SERVICE)


def few_connections(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ledger, "connections_allowed", lambda self: 20)
    patch.setenv("SMS_BRIDGE_WEB_WORKERS", "2")


def a_wrong_address(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SMS_BRIDGE_BIND", "everywhere:http")


def too_many_words(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SMS_BRIDGE_WEB_WORKERS", "four")


def a_busy_port(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    desk.kept.append(listening)
    patch.setenv("SMS_BRIDGE_BIND", f"127.0.0.1:{listening.getsockname()[1]}")


TROUBLES: list[tuple[Trouble, str, str]] = [
    (no_metrics, "bridge.metrics_dir: The folder /proc/metrics cannot be made", "may write to"),
    (a_file_for_metrics, "bridge.metrics_dir: The folder /dev/null/metrics cannot be made", "may write to"),
    (made_by_root, "and the service runs as sms-bridge", "Run: chown -R sms-bridge"),
    (
        few_connections,
        "bridge.pool_size: 2 web processes and a worker may open 48 connections; the server allows 20.",
        "Lower it, or raise max_connections",
    ),
    (a_wrong_address, "SMS_BRIDGE_BIND: 'everywhere:http' is no address to listen at.", "Write HOST:PORT"),
    (too_many_words, "SMS_BRIDGE_WEB_WORKERS: 'four' is no number from 1 to 9999.", "Correct it"),
    (
        a_busy_port,
        "SMS_BRIDGE_BIND: Somebody listens at 127.0.0.1:",
        "End that program, or name another port.",
    ),
]


@pytest.mark.parametrize(
    ("trouble", "problem", "advice"), TROUBLES, ids=[row[0].__name__ for row in TROUBLES]
)
@pytest.mark.parametrize("command", ["check", "serve"])
def test_it_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str, trouble: Trouble, problem: str, advice: str
) -> None:
    """With what to do; nothing is started."""
    trouble(desk, monkeypatch)
    result = desk.run(command)
    assert result.exit_code == 2
    assert problem in result.output
    assert advice in result.output
    assert "Traceback" not in result.output


def test_root_is_told_that_it_proves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no user of the service is known."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(trying, "_service_user", lambda: None)
    told = desk.run("check").output
    assert ("root may do everything" in told) is (desk.config.stat().st_uid == 0)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [("sms_bridge_live_workers 1", False), ("up 1", True)],
    ids=["a worker of this bridge", "another program"],
)
def test_a_port_for_metrics_may_be_another_workers(desk: Desk, answer: str, fault: bool) -> None:
    """Who listens there is asked: one worker shows the metrics of all on its machine."""
    with HTTPServer(("127.0.0.1", 0), speaker(answer)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        desk.write(
            CONFIG.replace("[channels.promo]", f"metrics_port = {server.server_port}\n[channels.promo]", 1)
        )
        told = desk.run("check").output
        server.shutdown()
        thread.join()
    assert ("bridge.metrics_port: Somebody listens" in told) is fault


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("203.0.113.7", "203.0.113.7:9108 is no address of this machine."),
        ("no-such-host.invalid", "no-such-host.invalid is no host that this machine knows."),
    ],
)
def test_an_address_for_metrics_is_this_machines(desk: Desk, host: str, problem: str) -> None:
    """A worker would only warn, and Prometheus find nobody."""
    desk.write(
        CONFIG.replace(
            "[channels.promo]", f'metrics_port = 9108\nmetrics_host = "{host}"\n[channels.promo]', 1
        )
    )
    assert f"✗ bridge.metrics_port: {problem}" in desk.run("check").output


def speaker(answer: str) -> type[BaseHTTPRequestHandler]:
    """Return what answers every question in the same way."""

    class Speaker(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Speaker
