"""The address that Quick Audience is called back on: receipts, replies, its files, and a page to look at.

    POST /restapi/marketing2/third/sms/callback/send/details    receipts
    POST /restapi/marketing2/third/sms/callback/send/reply      replies
    GET  /files/NAME                                            what `phoneOssUrl` and media URLs point to
    GET  /inspector                                             counts, the last refusals; numbers masked

One process may serve it from a thread; threads are cheap enough for tens of thousands of receipts a second.
"""

import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

from bridge.plugin.phone import mask

from .faults import CallbackFault, CallbackFaults, FaultMode
from .inbox import Inbox
from .inspection import (
    RECEIPTS_PATH,
    REPLIES_PATH,
    CallbackRefused,
    Rules,
    authenticate,
    read_receipts,
    read_replies,
)
from .shelf import Download, Shelf

_MAX_BODY = 8 * 1024 * 1024
_SHOWN = 20
_POLL_S = 0.05


class _Answer(NamedTuple):
    status: int
    body: bytes
    content_type: str = "application/json"


_TAKEN = _Answer(200, b'{"code":"200","message":"OK"}')
_BROKEN = {
    FaultMode.ERROR_500: _Answer(500, b'{"code":"500","message":"An injected fault."}'),
    FaultMode.UNAUTHORIZED: _Answer(401, b'{"code":"401","message":"An injected fault."}'),
    FaultMode.BODY_401: _Answer(200, b'{"code":"401","message":"An injected fault."}'),
    FaultMode.HTML: _Answer(200, b"<html><body>Please log in.</body></html>", "text/html"),
}


class CallbackServer:
    """Quick Audience's end of the callbacks. Use as a context manager, or `start` and `close`.

    `listen` port 0 takes a free one. `block_after` failed authentications in a row block an address, as the
    contract threatens, until `unblock`; 0 never. `hold_s` is how long a "timeout" fault keeps silent.
    `address` is the URL it is reached under from elsewhere; None for where it listens.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        address: str | None = None,
        block_after: int = 0,
        hold_s: float = 60,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rules = rules
        self.inbox = Inbox()
        self.shelf = Shelf()
        self.faults = CallbackFaults()
        self.block_after = block_after
        self.hold_s = hold_s
        self.clock = clock
        self.closing = threading.Event()
        self._address = address
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._http = _Server(listen, self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_POLL_S,), name="callbacks", daemon=True
        )

    @property
    def url(self) -> str:
        """The environment prefix to configure as the channel's `callback_url`."""
        host, port = self._http.server_address[:2]
        return self._address.rstrip("/") if self._address else f"http://{host!s}:{port}"

    def start(self) -> Self:
        """Serve from a thread until `close`."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop serving and drop connections that are held."""
        self.closing.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def file_url(self, name: str) -> str:
        """Return where a file of the shelf can be downloaded."""
        return f"{self.url}/files/{name}"

    def unblock(self) -> None:
        """Forgive all failed authentications."""
        with self._lock:
            self._failures.clear()

    def take(self, path: str, query: str, headers: Mapping[str, str], body: bytes, address: str) -> None:
        """Check one callback and record it. Raises CallbackRefused, which is recorded as well."""
        try:
            self._authenticate(query, headers, address)
            content_type = headers.get("content-type", "")
            if path == RECEIPTS_PATH:
                self.inbox.add_receipts(read_receipts(self.rules, content_type, body))
            elif path == REPLIES_PATH:
                self.inbox.add_replies(read_replies(self.rules, content_type, body))
            else:
                raise CallbackRefused(404, "There is no such callback.")
        except CallbackRefused as refused:
            self.inbox.add_refusal(refused.status, refused.message)
            raise

    def _authenticate(self, query: str, headers: Mapping[str, str], address: str) -> None:
        with self._lock:
            if self.block_after and self._failures.get(address, 0) >= self.block_after:
                raise CallbackRefused(403, "This address is blocked: authentication failed too often.")
        now = self.clock()
        try:
            proof = authenticate(self.rules, query, headers, now)
        except CallbackRefused:
            with self._lock:
                self._failures[address] = self._failures.get(address, 0) + 1
            raise
        with self._lock:
            self._failures.pop(address, None)
            if proof in self._seen:
                raise CallbackRefused(403, "This signature was used before.")
            self._seen[proof] = now
            self._forget(now)

    def _forget(self, now: float) -> None:
        """Drop signatures whose timestamp is refused anyway; the dictionary is in order of arrival."""
        while self._seen:
            oldest = next(iter(self._seen))
            if now - self._seen[oldest] <= 2 * self.rules.skew_s:
                return
            del self._seen[oldest]

    def summary(self) -> dict[str, Any]:
        """Return what the inspector shows; phone numbers are masked."""
        inbox = self.inbox
        return {
            "callback_url": self.url,
            "receipts": {out_id: len(numbers) for out_id, numbers in list(inbox.receipts.items())},
            "replies": len(inbox.replies),
            "last_replies": [
                {"outId": reply.out_id, "phoneNum": mask(reply.phone), "content": reply.content}
                for reply in inbox.replies[-_SHOWN:]
            ],
            "pushes": inbox.pushes,
            "receipt_repeats": inbox.receipt_repeats,
            "reply_repeats": inbox.reply_repeats,
            "contradictions": len(inbox.contradictions),
            "faulted": inbox.faulted,
            "refused": inbox.refused,
            "last_refusals": [refusal._asdict() for refusal in list(inbox.refusals)[-_SHOWN:]],
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, listen: tuple[str, int], owner: CallbackServer) -> None:
        super().__init__(listen, _Handler)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a caller hang up; show anything else, which is a bug."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: two writes would wait for an acknowledgement
    disable_nagle_algorithm = True
    timeout = 120
    server: _Server

    def do_POST(self) -> None:
        owner = self.server.owner
        body = self._body()
        if body is None:
            return
        path, _, query = self.path.partition("?")
        fault = owner.faults.draw()
        if fault is not None:
            owner.inbox.add_fault()
            if not fault.taken:
                self._break(fault)
                return
        try:
            owner.take(path, query, _lower(self.headers), body, self.client_address[0])
        except CallbackRefused as refused:
            text = json.dumps({"code": str(refused.status), "message": refused.message})
            self._send(_Answer(refused.status, text.encode()))
            return
        if fault is None:
            self._send(_TAKEN)
        else:
            self._break(fault)

    def do_GET(self) -> None:
        owner = self.server.owner
        path = self.path.partition("?")[0]
        if path.startswith("/files/"):
            self._download(owner.shelf.answer(unquote(path.removeprefix("/files/")), _lower(self.headers)))
        elif path in ("/", "/inspector"):
            owner.inbox.add_visit()
            self._send(_Answer(200, json.dumps(owner.summary(), ensure_ascii=False, indent=2).encode()))
        else:
            self._send(_Answer(404, b'{"code":"404","message":"There is nothing here."}'))

    def _body(self) -> bytes | None:
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY:
            self.close_connection = True
            self._send(_Answer(400, b'{"code":"400","message":"Content-Length is missing or too large."}'))
            return None
        return self.rfile.read(int(length))

    def _send(self, answer: _Answer) -> None:
        self._write(answer.status, {"content-type": answer.content_type}, answer.body)

    def _write(self, status: int, headers: Mapping[str, str], body: bytes, cut: int | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])

    def _download(self, download: Download) -> None:
        self._write(download.status, download.headers, download.body, download.cut_after)
        if download.cut_after is not None:
            self.close_connection = True

    def _break(self, fault: CallbackFault) -> None:
        if fault.mode in _BROKEN:
            self._send(_BROKEN[fault.mode])
            return
        if fault.mode is FaultMode.TIMEOUT:
            self.server.owner.closing.wait(self.server.owner.hold_s)
        self._reset()

    def _reset(self) -> None:
        """Close at once, without a farewell: the caller sees a connection reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: URLs and bodies carry phone numbers."""


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
