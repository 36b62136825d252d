"""gunicorn's threaded web process, made to let go of connections: idle, slow, and half-read ones.

What is said of gunicorn here was read in its version 26.2 (2026-11).
"""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import (
    ExpectationFailed,
    ForbiddenProxyRequest,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn, ThreadWorker
from werkzeug.exceptions import ClientDisconnected

from bridge.channels import turnstile
from bridge.contract import replies

HEADERS_S = 20.0
"""The longest that a request's line and headers may take to arrive."""
BODY_S = 60.0
"""The longest that a body may take to arrive, while the application waits for it."""
READ_OFF_BYTES = 1_048_576
READ_OFF_S = 2.0
"""How much of a body that nobody asked for is read, and for how long, to keep the connection."""
_PIECE = 65_536

_UNREADABLE: dict[type[Exception], HTTPStatus] = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    ForbiddenProxyRequest: HTTPStatus.FORBIDDEN,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    ParseException: HTTPStatus.BAD_REQUEST,
}
"""What is answered to a request that no application sees, the first that fits."""

StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class PromptWorker(ThreadWorker):  # type: ignore[misc]
    """A gthread worker whose threads and connections come back.

    - Told to end, it closes idle connections; gunicorn's own counts them as in flight and waits
      `graceful_timeout` for them, so that a vendor or proxy that keeps its connection open would hold up
      every restart.
    - Told to end, it answers what waits to be accepted and lets nothing more in; gunicorn's own lets
      connections in until it has answered all others, and then breaks them: a proxy loses their requests.
    - An answer given before the whole body was read either finds the rest soon or says that the connection
      closes; gunicorn's own promises to keep it open, stops reading after 64 kB, and closes it, so
      that a proxy's next request on it is lost.
    - A request that does not arrive in time ends; gunicorn's own waits for it for ever.
    - A request that is no HTTP is refused in the envelope; gunicorn's own answers a page that repeats it.
    """

    wsgi: App

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadlines: dict[socket.socket, float] = {}
        self._of_thread = threading.local()

    def load_wsgi(self) -> None:
        """Load the application, tell it of the threads, and let bodies pass through `RequestBody`."""
        super().load_wsgi()
        waiting = getattr(self.wsgi, "extensions", {}).get(turnstile.EXTENSION)
        if waiting is not None:
            waiting.resize(self.cfg.threads)
        self.wsgi = self._bounded(self.wsgi)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept new connections or not; when ending, take those that wait, and close the door."""
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            before = -1
            while before != self.nr_conns:
                before = self.nr_conns
                self.accept(listener)
            listener.close()  # at once: who comes now is refused, and a proxy asks elsewhere

    def handle(self, conn: TConn) -> Any:
        """Serve a request of a connection, which has a limited time to arrive."""
        self._of_thread.conn = conn
        self.expect(HEADERS_S)
        try:
            kept = super().handle(conn)
        finally:
            self.expect(None)
        if kept is False:
            _part(conn.sock)
        return kept

    def expect(self, seconds: float | None) -> None:
        """Give the peer of this thread's connection so long for what is read next; None to stop waiting."""
        sock = self._of_thread.conn.sock
        if seconds is None:
            self._deadlines.pop(sock, None)
        else:
            self._deadlines[sock] = time.monotonic() + seconds

    def handle_error(self, _req: object, client: socket.socket, addr: object, exc: Exception) -> None:
        """Refuse a request that cannot be read, in the envelope; the connection is closed behind it."""
        status = next((one for kind, one in _UNREADABLE.items() if isinstance(exc, kind)), None)
        request_id = uuid.uuid4().hex
        if status is None:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self.log.error("request %s not served", request_id, exc_info=exc)
        else:
            # Its words may hold a hook token or a number: what is wrong with them is named, no more.
            self.log.warning("request %s of %s is no HTTP: %s", request_id, addr, type(exc).__name__)
        try:
            write_nonblock(client, _refusal(status, request_id))
        except OSError:
            self.log.debug("request %s: its caller has gone", request_id)

    def murder_keepalived(self) -> None:
        """Close connections that waited too long for a next request (all of them when ending) or for a rest.

        gunicorn calls this about once a second.
        """
        if not self.alive:
            for connection in self.keepalived_conns:
                connection.timeout = 0
        super().murder_keepalived()
        now = time.monotonic()
        for sock, deadline in list(self._deadlines.items()):
            if deadline < now:
                _shut(sock, socket.SHUT_RD)  # the thread that reads it finds its end

    def _bounded(self, app: App) -> App:
        def serve(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            self.expect(None)
            body = RequestBody(environ, self.expect)
            environ["wsgi.input"] = body

            def begin(*answer: Any) -> Callable[[bytes], object]:
                if not body.read_off():
                    # The bound method of gunicorn's response: the one way to close a connection with notice.
                    start_response.__self__.force_close()  # type: ignore[attr-defined]
                return start_response(*answer)

            return app(environ, begin)

        return serve


class RequestBody:
    """The body of a request: what the application reads of it, for a limited time; and the rest."""

    def __init__(self, environ: dict[str, Any], expect: Callable[[float | None], None]) -> None:
        self._stream = environ["wsgi.input"]
        self._left = _length(environ)
        self._socket: socket.socket = environ["gunicorn.socket"]
        self._expect = expect
        self._until = 0.0
        self._broken = False

    def read(self, size: int | None = -1) -> bytes:
        """Read `size` bytes, or all."""
        return self._timed(self._stream.read, -1 if size is None else size)

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line of at most `size` bytes."""
        return self._timed(self._stream.readline, -1 if size is None else size)

    def readlines(self, _hint: int = -1) -> list[bytes]:
        """Read all lines."""
        return list(self)

    def __iter__(self) -> "RequestBody":
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def read_off(self) -> bool:
        """Read what the application left, within bounds. Returns True when nothing is left."""
        if not self._left:
            return True
        if self._broken or self._left > READ_OFF_BYTES:
            return False
        until, read, before = time.monotonic() + READ_OFF_S, 0, self._socket.gettimeout()
        try:
            while self._left and read < READ_OFF_BYTES and (rest := until - time.monotonic()) > 0:
                self._socket.settimeout(rest)
                piece = self._counted(self._stream.read(_PIECE), _PIECE)
                if not piece:
                    break
                read += len(piece)
        except (OSError, ParseException):  # time-out, hung up, or no chunk where one must be
            return False
        finally:
            self._socket.settimeout(before)
        return not self._left

    def _timed(self, read: Callable[[int], bytes], size: int) -> bytes:
        if not self._left or size == 0:
            return b""
        now = time.monotonic()
        self._until = self._until or now + BODY_S
        self._expect(max(0.0, self._until - now))
        try:
            return self._counted(read(size), size if read == self._stream.read else 1)
        except (OSError, ParseException) as error:
            self._broken = True
            raise ClientDisconnected from error  # hung up, or no chunk where one must be
        finally:
            self._expect(None)

    def _counted(self, piece: bytes, asked: int) -> bytes:
        """Note what was read; less than was asked for is the end of a body of unknown length."""
        if self._left != _UNKNOWN:
            self._left -= len(piece)
        elif asked < 0 or len(piece) < asked:
            self._left = 0
        return piece


def _refusal(status: HTTPStatus, request_id: str) -> bytes:
    """Return a whole answer; which channel was meant, nobody can say."""
    body = replies.encode(replies.envelope("", str(status.value), f"{status.phrase}.", request_id))
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Connection: close",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        f"X-Request-Id: {request_id}",
        "Cache-Control: no-store",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


_UNKNOWN = -1


def _length(environ: dict[str, Any]) -> int:
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return _UNKNOWN
    return int(environ.get("CONTENT_LENGTH") or 0)


def _part(sock: socket.socket) -> None:
    """Say goodbye in this thread: gunicorn's own would wait two seconds for the peer in its only main loop.

    The peer reads the answer first where it still sends: closed at once, the connection would be reset.
    """
    if not _shut(sock, socket.SHUT_WR):
        return
    until, read = time.monotonic() + READ_OFF_S, 0
    try:
        while read < READ_OFF_BYTES and (rest := until - time.monotonic()) > 0:
            sock.settimeout(rest)
            piece = sock.recv(_PIECE)
            if not piece:
                break
            read += len(piece)
    except OSError:
        pass  # gone, or silent: either way it is over
    _shut(sock, socket.SHUT_RD)


def _shut(sock: socket.socket, how: int) -> bool:
    try:
        sock.shutdown(how)
    except OSError:
        return False
    return True
