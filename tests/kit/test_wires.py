"""Where a plugin's requests go: played by responses, by a real server, or by the author's emulator."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import requests

from bridge.plugin import BridgeError, OutcomeUnknown, VendorUnavailable
from bridge.plugin.http import Session, translated
from bridge.testing import Exchange, Lost, Reply
from bridge.testing.play.guards import watching
from bridge.testing.play.serving import serving
from bridge.testing.play.wires import Wire, closed_url, emulated, mocked, served

from .installing import lay
from .ruling import failures_at, failures_of

WIRES = pytest.mark.parametrize("wire", [mocked, served])
MakeWire = Callable[[list[Exchange]], AbstractContextManager[Wire]]

LOST = [(Lost.REFUSED, VendorUnavailable), (Lost.TIMEOUT, OutcomeUnknown), (Lost.RESET, OutcomeUnknown)]


def _get(wire: Wire, path: str = "/a") -> requests.Response:
    with Session(timeout=(60, 60)) as session, translated():
        return session.get(wire.url + path)


@WIRES
def test_a_reply_comes_as_written(wire: MakeWire) -> None:
    """Status, headers and body; and nothing is left over."""
    with wire([Exchange("GET", "/a", Reply(418, text="short", headers={"X-Pot": "tea"}))]) as open_wire:
        answer = _get(open_wire)
        assert (answer.status_code, answer.text, answer.headers["X-Pot"]) == (418, "short", "tea")
        assert open_wire.faults() == []


@WIRES
@pytest.mark.parametrize(("how", "error"), LOST, ids=[how.name for how, _ in LOST])
def test_an_answer_is_lost_as_on_a_real_network(how: Lost, error: type[BridgeError], wire: MakeWire) -> None:
    """What requests raises is what it raises out there, and it comes soon."""
    began = time.monotonic()
    with wire([Exchange("GET", "/a", how)]) as open_wire, pytest.raises(error):
        _get(open_wire)
    assert time.monotonic() - began < 30


@WIRES
def test_rows_are_used_once_and_in_any_order(wire: MakeWire) -> None:
    """Of rows with one address the one whose content fits answers."""
    rows = [Exchange("GET", "/a", Reply(json=n), query={"n": str(n)}) for n in (1, 2)]
    with wire(rows) as open_wire:
        assert _get(open_wire, "/a?n=2").json() == 2
        assert open_wire.faults() == ["GET /a: the request was never made"]
        assert _get(open_wire, "/a?n=1").json() == 1
        assert open_wire.faults() == []
        _get(open_wire, "/a?n=1")
        assert [fault.endswith("or not as often") for fault in open_wire.faults()] == [True]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (Exchange("POST", "/b", json={"a": 1}), "JSON body a: wanted 1, was 2"),
        (Exchange("POST", "/b", json={"a": 2, "b": [{}]}), "JSON body b: wanted [{}], is not there"),
        (Exchange("POST", "/b", json={}), "JSON body a: not wanted, was 2"),
        (Exchange("POST", "/b", json=[]), "JSON body: wanted"),
        (Exchange("POST", "/b", form={"a": "1"}), "form a: wanted '1', is not there"),
        (Exchange("POST", "/b", headers={"X-Sign": "1"}), "header x-sign: wanted '1', was None"),
        (Exchange("POST", "/b", query={"c": "1"}), "query c: wanted '1', was '2'"),
        (Exchange("POST", "/b", check=lambda seen: _refuse(seen.json["a"])), "check: a is 2"),
    ],
)
def test_what_differs_is_told(row: Exchange, fault: str) -> None:
    """Each expectation of a row says what it wanted."""
    with mocked([row]) as wire, Session() as session:
        session.post(f"{wire.url}/b?c=2", json={"a": 2})
        assert any(fault in each for each in wire.faults()), wire.faults()


def _refuse(value: int) -> None:
    raise AssertionError(f"a is {value}")


def test_an_emulator_is_fresh_for_every_case_and_tells_its_faults() -> None:
    """Entered and left; its `faults` are the case's."""
    entered = []

    class Emulator:
        url = "http://127.0.0.1:1"
        faults = ("the signature was wrong",)

    @contextmanager
    def start() -> Iterator[Emulator]:
        entered.append(True)
        yield Emulator()

    for _ in range(2):
        with emulated(start) as wire:
            assert wire.faults() == ["the signature was wrong"]
    assert len(entered) == 2


def test_half_a_request_was_never_received() -> None:
    """A caller that dies on the way has sent nothing."""
    seen = []
    with serving(lambda request: seen.append(request) or Reply()) as url:  # type: ignore[func-returns-value]
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), 5) as half:
            half.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        requests.get(url, timeout=5)
    assert [request.method for request in seen] == ["GET"]


def test_a_table_may_be_played_over_real_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`over = "http"`: the same rows, for clients that do not use requests."""
    source = "from acme_sms import Acme as Sin\n\nOVER = 'http'\n"
    assert not failures_of(source, "", tmp_path, monkeypatch)


def test_a_connection_without_a_time_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the client: the socket itself is looked at."""
    raw = "__import__('socket').create_connection(('127.0.0.1', int(self._base.rpartition(':')[2]))).close()"
    lay(
        tmp_path,
        ("test_acme.py", "    errors = ERRORS\n", '    errors = ERRORS\n    over = "http"\n'),
        ("acme_sms.py", 'log.info("%d messages", len(batch.messages))', raw),
    )
    told = failures_at(tmp_path, "test_send", monkeypatch)
    assert any("a connection was opened without a time-out" in says for _, says in told)


def test_the_watch_ends_with_its_block() -> None:
    """Nothing stays patched."""
    send, connect, resolve = requests.Session.send, socket.socket.connect, socket.getaddrinfo
    with watching():
        assert requests.Session.send is not send
        assert socket.getaddrinfo is not resolve
    assert (requests.Session.send, socket.socket.connect, socket.getaddrinfo) == (send, connect, resolve)


def test_a_closed_address_stays_closed() -> None:
    """Nobody else can listen there: a server of another process would be asked with this one's secrets."""
    address = ("127.0.0.1", int(closed_url().rpartition(":")[2]))
    with socket.socket() as caller, pytest.raises(ConnectionRefusedError):
        caller.connect(address)
    with socket.socket() as other, pytest.raises(OSError):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(address)
