"""Workers show their metrics at one port of their machine, inside it unless told otherwise."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import structlog
from prometheus_client import start_http_server

from bridge.settings import BridgeSettings
from bridge.worker import showing


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Return what listens, and end it."""
    begun: list[Any] = []

    def starting(*given: Any, **named: Any) -> None:
        begun.append(start_http_server(*given, **named))

    monkeypatch.setattr(showing, "start_http_server", starting)
    monkeypatch.setattr(showing, "_AGAIN_S", 0.005)
    yield begun
    for server, thread in begun:
        server.shutdown()
        server.server_close()
        thread.join(5)


def bridge(port: int, host: str | None = None) -> BridgeSettings:
    return BridgeSettings(metrics_port=port, **({"metrics_host": host} if host else {}))


def test_a_port_that_another_worker_has_is_taken_over_when_it_ends(servers: list[Any]) -> None:
    """A worker lives without it, says so in one line, and takes it when it is free."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with structlog.testing.capture_logs() as lines:
            showing.show_metrics(bridge(port), stop)
        said = [
            line["event"] for line in lines if line["log_level"] != "debug"
        ]  # it is tried again meanwhile
        assert said == ["metrics are not shown"]
        assert (lines[0]["port"], lines[0]["error"]) == (port, "Address already in use")
        [waiting] = [thread for thread in threading.enumerate() if thread.name == "metrics"]
        assert not servers
    waiting.join(5)
    assert requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).status_code == requests.codes.ok


# The setting -> where it listens.
HOSTS = [(None, "127.0.0.1"), ("127.0.0.3", "127.0.0.3"), ("0.0.0.0", "0.0.0.0")]


@pytest.mark.parametrize(("host", "listens"), HOSTS)
def test_it_listens_where_it_is_told(host: str | None, listens: str, servers: list[Any]) -> None:
    """Metrics stay inside by default."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    showing.show_metrics(bridge(port, host), threading.Event())
    assert servers[0][0].server_address == (listens, port)


def test_an_address_of_another_machine_ends_no_worker(servers: list[Any]) -> None:
    """It may come up later."""
    stop = threading.Event()
    stop.set()
    with structlog.testing.capture_logs() as lines:
        showing.show_metrics(bridge(9108, "192.0.2.1"), stop)
    assert lines[0]["error"] == "Cannot assign requested address" and not servers
