"""The emulator over HTTP: authentication, faults, endpoints, and the tests' own door under `/_emulator/`."""

import base64
import json
import socket
import struct
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any, Self
from urllib.parse import urlsplit

from . import answers, api, inspection
from .account import Account, Misunderstood, Refused
from .callbacks import Callbacks
from .trouble import Trouble

_HTML = b"<html><head><title>Bad gateway</title></head><body>nginx</body></html>"


class Emulator:
    """A running emulator. `url` is what a channel's `base_url` names."""

    def __init__(self, port: int = 0) -> None:
        self.account: Account = Account()
        self.trouble = Trouble()
        self.faults: list[str] = []
        """What the real Twilio would not have understood."""
        self.callbacks = Callbacks(self.account)
        self.calls: list[tuple[str, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.emulator = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def delivered(self) -> list[str]:
        """The numbers of every message taken, once for each time."""
        with self.account.lock:
            return [message.to for message in self.account.messages.values()]

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.callbacks.close()

    def inbound(self, url: str, **fields: str) -> int | None:
        """Send an inbound message to a webhook: `From`, `To`, `Body` and what else is given."""
        sid = self.account.new_sid("SM")
        key = (fields.get("MessagingServiceSid") or fields["To"], fields["From"])
        if fields.get("OptOutType") == "STOP":
            self.account.opted_out.add(key)
        elif fields.get("OptOutType") == "START":
            self.account.opted_out.discard(key)
        form = {
            "AccountSid": self.account.sid,
            "ApiVersion": "2010-04-01",
            "MessageSid": sid,
            "SmsSid": sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "FromCountry": "US",
            "FromCity": "",
            **fields,
        }
        return self.callbacks.post(url, form)

    def posts(self) -> int:
        """Return how many messages were handed in, taken or not."""
        return sum(method == "POST" and path.endswith("/Messages.json") for method, path in self.calls)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    emulator: Emulator

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no fault of the emulator."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent: request lines hold numbers."""

    def _serve(self) -> None:
        emulator = self.server.emulator
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the caller was killed on the way: nothing was received
            return
        parts = urlsplit(self.path)
        if parts.path.startswith("/_emulator/"):
            self._answer(*inspection.answer(emulator, self.command, parts.path, parts.query, body))
            return
        with emulator.lock:
            emulator.calls.append((self.command, parts.path))
            emulator.in_flight += 1
            emulator.most_in_flight = max(emulator.most_in_flight, emulator.in_flight)
            crowded = 0 < emulator.trouble.concurrency < emulator.in_flight
        try:
            self._meet(emulator, parts.path, parts.query, body, crowded)
        finally:
            with emulator.lock:
                emulator.in_flight -= 1

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the base class

    def _meet(self, emulator: Emulator, path: str, query: str, body: bytes, crowded: bool) -> None:
        trouble = emulator.trouble
        if trouble.latency_s:
            emulator.closing.wait(trouble.latency_s)
        sends = self.command == "POST" and path.endswith("/Messages.json")
        fault = trouble.draw() if sends or trouble.script else ""
        if crowded or fault == "throttle":
            extra = {"Retry-After": trouble.retry_after} if trouble.retry_after else {}
            self._answer(429, answers.error(429, 20429, "Too Many Requests"), extra)
        elif fault == "reset_before":
            self._reset()
        elif fault == "html_before":
            self._send(503, "text/html", _HTML)
        elif fault == "redirect":
            self._send(307, "text/html", b"", {"Location": "https://elsewhere.example/"})
        elif fault.startswith("throttle_"):
            self._gateway(429, fault)
        elif fault == "forbidden_html":
            self._gateway(403, fault)
        elif fault == "daily_limit":
            self._answer(429, answers.error(429, 63038, "Account exceeded the daily messages limit"))
        elif fault == "problem":
            self._answer(400, {"type": "about:blank", "title": "Bad", "status": 400, "code": 21211})
        else:
            self._process(emulator, path, query, body, fault)

    def _process(self, emulator: Emulator, path: str, query: str, body: bytes, fault: str) -> None:
        try:
            self._authenticate(emulator.account)
            content_type = self.headers.get("Content-Type", "")
            status, document = api.answer(self.command, path, query, content_type, body, emulator.account)
        except Refused as refusal:
            if isinstance(refusal, Misunderstood):
                emulator.faults.append(f"{self.command} {path}: {refusal.text}")
            self._answer(refusal.status, answers.error(refusal.status, refusal.code, refusal.text))
            return
        if self.command == "POST" and path.endswith("/Messages.json"):
            emulator.callbacks.begin(emulator.account.messages[document["sid"]])
        self._tell(emulator, status, document, fault)

    def _tell(self, emulator: Emulator, status: int, document: Any, fault: str) -> None:
        """Answer what was carried out, in the fault's way."""
        if fault == "reset_after":
            self._reset()
        elif fault == "hang_after":
            emulator.closing.wait(emulator.trouble.hang_s)
            self._reset()
        elif fault == "html_after":
            self._send(500, "text/html", _HTML)
        elif fault == "empty_after":
            self._answer(201, {})
        elif fault == "cut_after":
            self._cut(201, b'{"sid": "SM')
        elif fault in ("trickle_after", "trickle_head_after"):
            self._trickle(fault)
        elif fault == "endless_after":
            self._send(201, "application/json", json.dumps(document).encode() + b" " * (4 << 20))
        elif fault == "garbage_after":
            self._send(201, "application/json", b"{not json")
        else:
            self._answer(status, document)

    def _gateway(self, status: int, fault: str) -> None:
        if fault.endswith("_cut"):
            self._cut(status, _HTML)
        else:
            self._send(status, "text/html", b"" if fault.endswith("_empty") else _HTML)

    def _cut(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.close_connection = True

    def _trickle(self, fault: str) -> None:
        head = b"HTTP/1.1 201 Created\r\n"
        if fault == "trickle_after":
            head += b"Content-Length: 1000000\r\n\r\n"
        piece = b" " if fault == "trickle_after" else b"X-Slow: 1\r\n"
        self.close_connection = True
        with suppress(OSError):
            self.connection.sendall(head)
            for byte in cycle(piece):
                self.connection.sendall(bytes([byte]))
                if self.server.emulator.closing.wait(0.05):
                    return

    def _authenticate(self, account: Account) -> None:
        scheme, _, coded = self.headers.get("Authorization", "").partition(" ")
        pair = base64.b64decode(coded).decode() if scheme == "Basic" else ""
        user, _, password = pair.partition(":")
        if not account.authentic(user, password):
            raise Refused(20003, "Authenticate", 401)

    def _answer(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self._send(status, "application/json", body, headers)

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
