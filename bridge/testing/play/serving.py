"""A local HTTP server that can lose and cut its answers, and a client that passes requests on."""

import http.client
import select
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ..table.exchanges import Broken, Lost, Reply, Seen
from .swapping import swapped


class Flood:
    """An answer that never ends, as far as anybody reads it; `sent` are the bytes that were taken."""

    most = 128 << 20

    def __init__(self) -> None:
        self.sent = 0

    def pieces(self) -> Iterator[bytes]:
        """Return the answer piece by piece: the beginning of JSON, and blanks."""
        yield b'{"'
        while self.sent < self.most:
            yield b" " * (1 << 16)
            self.sent += 1 << 16


Told = Reply | Lost | Broken
Answer = Callable[[Seen], Any]
"""What the vendor says to a request: a Reply, a Lost, or a Broken or Flood for the server to carry out."""
_PASSED_HEADERS = ("content-type", "retry-after", "location")
_SPOILT = {
    Broken.CUT_CHUNK: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"',
    Broken.CLOSED: b"",
    Broken.GARBLED: b"?\x00?\r\n\r\n",
}
"""What goes over the wire, before it is closed."""
_HELD_S = 30
_STEP_MS = 10

SERVER = threading.local()
"""Has `running` in the threads of a server: what is watched of a plugin is not watched there."""


@contextmanager
def serving(
    answer: Answer,
    late: "Late | None" = None,
    *,
    tls: ssl.SSLContext | None = None,
) -> Iterator[str]:
    """Serve HTTP on a free port, every request answered by `answer` in a thread; yields the URL.

    `late` is told of the connections on which an answer is waited for in vain. With `tls` it is HTTPS.
    """
    server = _Server(answer, Late() if late is None else late)
    server.tls = tls
    thread = threading.Thread(target=server.serve_until_closed, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.gone.set()
        server.close_at_once()
        thread.join()


class Late:
    """The connections on which no answer will come: whoever reads from one has waited long enough."""

    def __init__(self) -> None:
        self._callers: set[Any] = set()

    def add(self, caller: Any) -> None:
        """Note the address from which a request came that is not answered."""
        self._callers.add(caller)

    def __bool__(self) -> bool:
        return bool(self._callers)

    @contextmanager
    def hurrying(self) -> Iterator[None]:
        """Let nobody in this process wait for such an answer: reading it times out at once."""
        receive, receive_into = socket.socket.recv, socket.socket.recv_into

        def wait(sock: socket.socket) -> None:
            patience = sock.gettimeout()
            if patience == 0 or hasattr(SERVER, "running"):
                return
            # One without a time-out is told of elsewhere; it need not wait, either.
            poll, until = select.poll(), time.monotonic() + (patience or _HELD_S)
            poll.register(sock, select.POLLIN)
            while not poll.poll(_STEP_MS):
                if self._callers and sock.getsockname() in self._callers:
                    raise TimeoutError("timed out")
                if time.monotonic() >= until:
                    return

        def hurried(self: socket.socket, *args: Any) -> bytes:
            wait(self)
            return receive(self, *args)

        def hurried_into(self: socket.socket, *args: Any) -> int:
            wait(self)
            return receive_into(self, *args)

        with (
            swapped(socket.socket, "recv", hurried),
            swapped(socket.socket, "recv_into", hurried_into),
        ):
            yield


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    tls: ssl.SSLContext | None = None

    def __init__(self, answer: Answer, late: Late) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.late = late
        self.gone = threading.Event()
        self._bell, self._ringing = socket.socketpair()

    def serve_until_closed(self) -> None:
        """Take connections until `close_at_once`; `serve_forever` looks only now and then whether to end."""
        with self, self._bell, selectors.DefaultSelector() as waiting:
            waiting.register(self, selectors.EVENT_READ)
            waiting.register(self._bell, selectors.EVENT_READ)
            while not any(key.fileobj is self._bell for key, _ in waiting.select()):
                self._handle_request_noblock()  # type: ignore[attr-defined]

    def close_at_once(self) -> None:
        """End `serve_until_closed`, which closes what it listened on."""
        self._ringing.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that is killed or hangs up."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; its handshake is made by the thread that answers."""
        connection, caller = super().get_request()
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, caller


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits 40 ms behind its headers on a kept connection
    server: _Server

    def _answer(self) -> None:
        SERVER.running = True
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the caller died on the way: nothing was received
            return
        url = f"http://{self.headers.get('Host', 'localhost')}{self.path}"
        told = self.server.answer(Seen(self.command, url, dict(self.headers.items()), body))
        if isinstance(told, Reply):
            self._give(told)
        elif isinstance(told, Flood):
            self._flood(told)
        elif told is Broken.CUT:
            self._cut()
        elif told in _SPOILT:
            self.close_connection = True
            self.wfile.write(_SPOILT[told])
        else:
            self._lose(told)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

    def _give(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in ({"Content-Type": reply.content_type} | dict(reply.headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _flood(self, flood: Flood) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for piece in flood.pieces():
            self.wfile.write(piece)

    def _cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"')
        self.close_connection = True

    def _lose(self, how: Lost | Broken) -> None:
        if how is Lost.TIMEOUT:
            self.server.late.add(self.client_address)
            self.server.gone.wait(_HELD_S)
        # A linger of zero makes closing a reset, not an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the tests."""


def forwarding(url: str) -> Callable[[Seen], Reply]:
    """Make an answer that passes a request on to an emulator as it came: host, headers and bytes."""
    address = urlsplit(url)

    def forward(seen: Seen) -> Reply:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        parts = urlsplit(seen.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(seen.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in seen.headers.items():
            if name.lower() != "connection":
                connection.putheader(name, value)
        connection.endheaders(seen.body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        kept = {name: value for name, value in answer.getheaders() if name.lower() in _PASSED_HEADERS}
        return Reply(answer.status, text=text, headers=kept)

    return forward
