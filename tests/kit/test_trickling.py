"""A vendor whose answer trickles: every deadline that ends the exchange is taken, and at every run."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.testing.play.trickling import Trickle

from .ruling import failures_of

WATCHDOG = """
import http.client
import socket
import threading
import urllib.request
from contextlib import suppress

from acme_plain import PlainAcme, _Stay


class _Watched(http.client.HTTPConnection):
    def connect(self):
        super().connect()
        watchdog = threading.Timer({seconds}, self._end, (self.sock,))
        watchdog.daemon = True
        watchdog.start()

    @staticmethod
    def _end(line):
        with suppress(OSError):
            {ends}


class _Open(urllib.request.HTTPHandler):
    def http_open(self, request):
        return self.do_open(_Watched, request)


class Sin(PlainAcme):
    def _open(self, request):
        opener = urllib.request.build_opener(_Open(), urllib.request.ProxyHandler({{}}), _Stay())
        return opener.open(request, timeout=self.timeout)


OVER = "http"
"""
LEFT = "give the whole exchange an end"
# How many seconds the watchdog waits, what it does, and what the rule says.
WATCHDOGS = [
    pytest.param(25, "line.shutdown(socket.SHUT_RDWR)", "", id="both ways"),
    pytest.param(25, "line.shutdown(socket.SHUT_RD)", "", id="one way"),
    pytest.param(600, "line.shutdown(socket.SHUT_RDWR)", LEFT, id="too late"),
    pytest.param(25, "line.shutdown(socket.SHUT_WR)", LEFT, id="the way out alone"),
    pytest.param(25, "pass", LEFT, id="does nothing"),
]


@pytest.mark.usefixtures("swept")
@pytest.mark.parametrize(("seconds", "ends", "says"), WATCHDOGS)
def test_a_watchdog_is_a_deadline_when_it_ends_the_exchange(
    seconds: int, ends: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that shuts the socket down is honest; one that comes too late or ends nothing is told."""
    source = WATCHDOG.format(seconds=seconds, ends=ends)
    found = failures_of(source, "test_an_answer_that_trickles", tmp_path, monkeypatch)
    assert bool(found) == bool(says), found
    assert all(says in told for _, told in found)


@contextmanager
def _answered_line(trickle: Trickle) -> Iterator[socket.socket]:
    """Yield the caller's end of a connection whose whole answer has arrived already."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        trickle.port = server.getsockname()[1]
        with socket.create_connection(server.getsockname(), 5) as line:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"answer")
                assert line.recv(6, socket.MSG_PEEK | socket.MSG_WAITALL) == b"answer"
                yield line


def test_what_was_shut_down_brings_no_further_byte() -> None:
    """What lies in the system's buffer would not have come yet."""
    trickle = Trickle()
    with _answered_line(trickle) as line, trickle.slowly():
        assert line.recv(100) == b"a"
        line.shutdown(socket.SHUT_WR)
        assert line.recv_into(bytearray(100)) == 1
        line.shutdown(socket.SHUT_RD)
        passed = trickle.elapsed_s
        assert line.recv(100) == b""
        assert line.recv_into(bytearray(100)) == 0
        assert trickle.elapsed_s == passed, "nothing is waited for any more"
