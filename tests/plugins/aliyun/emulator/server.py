"""The emulator's HTTP face: the gateway, the queue, and a control room under /_emulator/."""

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any, cast
from urllib.parse import parse_qsl

from . import acs3, control
from .account import Account, Refused
from .faults import Fault, FaultPlan, error
from .operations import OPERATIONS
from .pushing import Pusher, PushSettings
from .queue import TOKEN, Queues

VERSION = "2017-05-25"


class Emulator:
    """Aliyun on a port of this machine, for use as a context manager.

    `plan` holds the faults to answer with; `faults` the sentences about requests the gateway did not take.
    """

    def __init__(self, port: int = 0, account: Account | None = None) -> None:
        self.account: Account = account or Account()
        self.plan = FaultPlan()
        self.faults: list[str] = []
        self.queues = Queues()
        self.push = PushSettings()
        self.pusher = Pusher(self.account, self.push)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.keep_requests = True
        self.hang_s = 30.0
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.emulator = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def endpoint(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The endpoint as a URL."""
        return f"http://{self.endpoint}"

    @property
    def delivered(self) -> list[str]:
        """The mainland numbers of every message taken, in E.164."""
        return [f"+86{message.phone}" for message in self.account.messages]

    def __enter__(self) -> "Emulator":
        self._thread.start()
        self.pusher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.pusher.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def calls(self, operation: str) -> list[dict[str, str]]:
        """Return the parameters of every call of this operation, oldest first."""
        return [params for name, params in self.requests if name == operation]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    emulator: Emulator


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/_emulator/"):
            self._control(body)
        else:
            self._gateway(body)

    def do_GET(self) -> None:
        if self.path.startswith("/_emulator/"):
            self._control(b"")
        else:
            self._queue(b"")

    def do_DELETE(self) -> None:
        self._queue(self.rfile.read(int(self.headers.get("content-length", 0))))

    @property
    def _emulator(self) -> Emulator:
        return cast(_Server, self.server).emulator

    def _lower_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _gateway(self, body: bytes) -> None:
        emulator, account = self._emulator, self._emulator.account
        headers = self._lower_headers()
        operation = headers.get("x-acs-action", "")
        try:
            with account.lock:
                acs3.verify("POST", self.path, headers, body, account.secrets, account.nonces)
            if headers.get("x-acs-version") != VERSION:
                raise acs3.BadRequest("InvalidVersion", 400)
            params = _params(self.path, body)
            if emulator.keep_requests:
                emulator.requests.append((operation, params))
            fault = emulator.plan.next(operation)
            answer = b"" if fault and not fault.recorded else self._perform(operation, params)
        except acs3.BadRequest as bad:
            emulator.faults.append(f"{operation}: {bad.code}")
            self._answer(bad.status, error(bad.code, "the gateway refused the request"))
            return
        if fault is None:
            self._answer(200, answer)
        else:
            self._misbehave(fault, answer)

    def _perform(self, operation: str, params: Mapping[str, str]) -> bytes:
        account = self._emulator.account
        if operation == "QueryTokenForMnsQueue":
            return _answer_body(_token(params))
        if operation not in OPERATIONS:
            raise acs3.BadRequest("InvalidAction.NotFound", 404)
        with account.lock:
            account.calls[operation] += 1
            try:
                return _answer_body(OPERATIONS[operation](account, params))
            except Refused as refused:
                return error(refused.code, refused.message)

    def _misbehave(self, fault: Fault, answer: bytes) -> None:
        if fault.manner == "answer":
            self._answer(fault.status, fault.body, fault.content_type, fault.headers)
            return
        self.close_connection = True
        if fault.manner == "hang":
            self._emulator.stopping.wait(self._emulator.hang_s)
        elif fault.manner == "drip":
            self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode())
            for byte in answer:
                self.wfile.write(bytes([byte]))
                self._emulator.stopping.wait(0.002)
        elif fault.manner == "cut":
            body = fault.body or answer
            head = f"HTTP/1.1 {fault.status} X\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body[: len(body) // 2])
        elif fault.manner == "trickle":
            self._trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" ")
        elif fault.manner == "trickle_head":
            self._trickle(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n")
        elif fault.manner == "endless":
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer + b" " * (8 << 20))

    def _trickle(self, head: bytes, piece: bytes) -> None:
        """Send the head, then the piece again and again, a byte at a time, while anybody reads."""
        self.wfile.write(head)
        with suppress(OSError):
            for byte in cycle(piece):
                self.wfile.write(bytes([byte]))
                if self._emulator.stopping.wait(0.05):
                    return

    def _queue(self, body: bytes) -> None:
        emulator = self._emulator
        with emulator.account.lock:
            status, xml = emulator.queues.handle(self.command, self.path, self._lower_headers(), body)
        self._answer(status, xml, "text/xml", (("x-mns-request-id", "Q-1"),))

    def _control(self, body: bytes) -> None:
        try:
            answer = control.answer(self._emulator, self.path, body)
        except (KeyError, ValueError, TypeError) as wrong:
            self._answer(400, json.dumps({"error": repr(wrong)}).encode())
        else:
            self._answer(200, json.dumps(answer, ensure_ascii=False).encode())

    def _answer(
        self,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        lines = [
            f"HTTP/1.1 {status} X",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        self.wfile.write("\r\n".join((*lines, "", "")).encode() + body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence: requests hold phone numbers."""


def _params(target: str, body: bytes) -> dict[str, str]:
    query = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    return dict(query + parse_qsl(body.decode(), keep_blank_values=True))


def _answer_body(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(
        {"Code": "OK", "Message": "OK", "RequestId": "R-1", **fields}, ensure_ascii=False
    ).encode()


def _token(params: Mapping[str, str]) -> dict[str, object]:
    if params.get("MessageType") not in ("SmsReport", "SmsUp"):
        return {"Code": "isv.INVALID_PARAMETERS"}
    key_id, secret, token = TOKEN
    return {
        "MessageTokenDTO": {
            "AccessKeyId": key_id,
            "AccessKeySecret": secret,
            "SecurityToken": token,
            "CreateTime": "2026-11-01 10:00:00",
            "ExpireTime": "2036-11-01 11:00:00",
        }
    }
