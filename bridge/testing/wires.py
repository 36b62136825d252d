"""Where a plugin's requests go in a test: to `responses`, to a local server, or to the author's emulator."""

import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from unittest.mock import patch

import requests
import responses

from .exchanges import Exchange, Lost, Reply, Script, Seen
from .guards import lost, seen_by

MOCKED_URL = "https://vendor.invalid"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_SHORT_S = 0.3


class Emulator(Protocol):
    """The author's stand-in for the vendor: a context manager that serves real HTTP while it is entered.

    It may also have `faults`, a list of sentences about requests the real vendor would not understand,
    and `delivered`, the numbers (E.164) of every message it took, for the kill -9 campaign.
    """

    @property
    def url(self) -> str:
        """Where it listens; put wherever the settings say `{url}`."""


class Wire:
    """One open wire: `url` for the settings, `script` with what went over it (None for an emulator)."""

    def __init__(self, url: str, script: Script | None = None, emulator: Any = None) -> None:
        self.url = url
        self.script = script
        self.emulator = emulator

    def faults(self, *, unused: bool = True) -> list[str]:
        """Requests without a row and, unless told otherwise, rows without a request."""
        if self.script is None:
            return list(getattr(self.emulator, "faults", ()))
        return self.script.faults + (self.script.unused if unused else [])


@contextmanager
def mocked(exchanges: Sequence[Exchange]) -> Iterator[Wire]:
    """Everything sent through `requests` is answered by the table."""
    script, playing = Script(list(exchanges)), threading.Lock()

    def answer(prepared: requests.PreparedRequest) -> tuple[int, dict[str, str], Any]:
        with playing:
            reply = script.answer(seen_by(prepared))
        if isinstance(reply, Lost):
            return 0, {}, lost(reply)
        return reply.status, {"Content-Type": reply.content_type} | dict(reply.headers), reply.body

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in _METHODS:
            mock.add_callback(method, re.compile(".*"), answer, content_type=None)
        yield Wire(MOCKED_URL, script)


@contextmanager
def served(exchanges: Sequence[Exchange]) -> Iterator[Wire]:
    """A real HTTP server on a free port answers by the table; lost answers are lost on the wire."""
    script = Script(list(exchanges))
    if any(row.reply is Lost.REFUSED for row in exchanges):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            # Nothing listens here, so the requests of the table cannot come.
            yield Wire(f"http://127.0.0.1:{closed.getsockname()[1]}", Script([]))
        return
    with serving(script.answer) as url, _short_timeouts(any(row.reply is Lost.TIMEOUT for row in exchanges)):
        yield Wire(url, script)


@contextmanager
def emulated(emulator: Callable[[], AbstractContextManager[Any]]) -> Iterator[Wire]:
    """The author's own emulator, fresh for every case."""
    with emulator() as running:
        yield Wire(running.url, None, running)


@contextmanager
def serving(answer: Callable[[Seen], Reply | Lost], *, at_once: bool = False) -> Iterator[str]:
    """A local HTTP server whose every request is answered by `answer`; yields its URL.

    One request at a time, unless `at_once`.
    """
    gone = threading.Event()
    server = _Server(("127.0.0.1", 0), _handler(answer, gone, at_once=at_once))
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        gone.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that is killed or hangs up is no event."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(
    answer: Callable[[Seen], Reply | Lost], gone: threading.Event, *, at_once: bool
) -> type[BaseHTTPRequestHandler]:
    answering = nullcontext() if at_once else threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:
                self.close_connection = True  # the caller died on the way: nothing was received
                return
            url = f"http://{self.headers.get('Host', 'localhost')}{self.path}"
            with answering:
                reply = answer(Seen(self.command, url, dict(self.headers.items()), body))
            if isinstance(reply, Lost):
                self._lose(reply)
                return
            self.send_response(reply.status)
            for name, value in ({"Content-Type": reply.content_type} | dict(reply.headers)).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

        def _lose(self, how: Lost) -> None:
            if how is Lost.TIMEOUT:
                gone.wait(30)
            # A linger of zero makes closing a reset, not an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def _short_timeouts(active: bool) -> Iterator[None]:
    if not active:
        yield
        return
    settimeout = socket.socket.settimeout

    def short(self: socket.socket, value: float | None) -> None:
        settimeout(self, min(value, _SHORT_S) if value else value)

    with patch.object(socket.socket, "settimeout", short):
        yield
