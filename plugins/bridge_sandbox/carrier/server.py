"""A threaded HTTP/1.1 server for one WSGI application, which can also break its connections on purpose.

One process with one id, so that killing it kills all of it. An answer with the header `FAULT`, which is
"close", "hang" or "reset", is thrown away and the connection ended that way.
"""

import io
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import unquote, urlsplit
from wsgiref.types import WSGIApplication

from werkzeug.wrappers import Response

FAULT = "X-Carrier-Fault"
_HANG_S = 300.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close sends RST


class CarrierServer(ThreadingMixIn, TCPServer):
    """Serves `app` on `host` and `port`; port 0 takes a free one."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, app: WSGIApplication, host: str, port: int) -> None:
        super().__init__((host, port), _Connection)
        self.app = app

    @property
    def url(self) -> str:
        """The address it is reached at, without a trailing slash."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Overlook callers that vanish; anything else is a fault of this program."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    server: CarrierServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = _HANG_S

    def do_GET(self) -> None:
        answer = Response.from_app(self.server.app, self._environ(), buffered=True)
        fault = answer.headers.get(FAULT)
        if fault:
            self._break(fault)
            return
        self.send_response_only(answer.status_code)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.get_data())

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _environ(self) -> dict[str, Any]:
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(target.path, "latin-1"),
            "QUERY_STRING": target.query,
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ

    def _break(self, fault: str) -> None:
        self.close_connection = True
        if fault == "hang":
            self.connection.settimeout(_HANG_S)
            self.rfile.read(1)  # returns when the caller gives up
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Log nothing: an access log would hold phone numbers."""
