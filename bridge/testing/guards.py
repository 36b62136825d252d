"""Watches a call of a plugin: its network, its time-outs, its log. And breaks its answers on request."""

import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from unittest.mock import patch

import requests
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from .exchanges import Lost, Seen


class Broken(Enum):
    """What can befall an answer the vendor did give."""

    TIMEOUT = "no answer in time"
    RESET = "the connection breaks before the answer"
    GATEWAY = "a gateway's 502 page instead of the answer"
    NOT_JSON = "status 200 with a page instead of the answer"
    TRUNCATED = "status 200 with half the answer"
    HOLLOW = "status 200 with JSON that holds nothing of the answer"
    BUG = "the plugin stumbles over the answer with an exception of its own"


Breakage = Callable[[int], "Broken | Lost | None"]
"""What befalls the nth request, counted from 1."""


class PluginBug(RuntimeError):
    """Stands for any mistake in a plugin's code."""


@dataclass
class Watch:
    """What one call did: requests, the answers to them (status and text), faults as sentences, log lines."""

    requests: int = 0
    exchanges: list[tuple[Seen, int, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


@contextmanager
def watching(breakage: Breakage = lambda _: None) -> Iterator[Watch]:
    """Watch everything in this process until the end of the block."""
    watch = Watch()
    with _guarded_sockets(watch), _guarded_requests(watch, breakage), _captured_log(watch):
        yield watch


@contextmanager
def _guarded_sockets(watch: Watch) -> Iterator[None]:
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            if not _is_local(str(address[0])):
                watch.faults.append("a connection to the real network was tried")
                raise ConnectionRefusedError("the kit has no network")
            if self.gettimeout() is None:
                watch.faults.append("a connection was opened without a time-out")
        connect(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not _is_local(name) and not _is_address(name):
            watch.faults.append("a name of the real network was looked up")
            raise socket.gaierror(socket.EAI_NONAME, "the kit has no network")
        return resolve(host, *args, **kwargs)

    with (
        patch.object(socket.socket, "connect", guarded_connect),
        patch("socket.getaddrinfo", guarded_resolve),
    ):
        yield


def _is_local(host: str) -> bool:
    if host in ("localhost", "None", ""):
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@contextmanager
def _guarded_requests(watch: Watch, breakage: Breakage) -> Iterator[None]:
    send, counting = requests.Session.send, threading.Lock()

    def guarded(
        self: requests.Session, prepared: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        with counting:
            watch.requests += 1
            count = watch.requests
        fate = breakage(count)
        timeout = kwargs.get("timeout")
        if timeout is None or (isinstance(timeout, tuple) and None in timeout):
            watch.faults.append(f"a {prepared.method} request was made without a time-out")
        if fate is Lost.REFUSED:
            raise lost(Lost.REFUSED)
        response = send(self, prepared, **kwargs)
        watch.exchanges.append((seen_by(prepared), response.status_code, response.text))
        return response if fate is None else _broken(response, fate)

    with patch.object(requests.Session, "send", guarded):
        yield


def seen_by(prepared: requests.PreparedRequest) -> Seen:
    """The request as the vendor would receive it."""
    body = prepared.body or b""
    data = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
    return Seen(prepared.method or "", prepared.url or "", dict(prepared.headers), data)


def lost(how: Lost) -> requests.RequestException:
    """What `requests` raises for a lost answer."""
    if how is Lost.TIMEOUT:
        return requests.ReadTimeout()
    if how is Lost.RESET:
        return requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104)))
    pool = urllib3.HTTPConnectionPool("vendor.invalid")
    reason = NewConnectionError(HTTPConnection("vendor.invalid"), "Connection refused")
    return requests.ConnectionError(MaxRetryError(pool, "/", reason))


def _broken(response: requests.Response, fate: Broken | Lost) -> requests.Response:
    if fate is Broken.TIMEOUT:
        raise lost(Lost.TIMEOUT)
    if fate is Broken.RESET:
        raise lost(Lost.RESET)
    if fate is Broken.BUG:
        raise PluginBug("a mistake in the plugin")
    body = response.content
    if fate is Broken.HOLLOW:
        response._content = b"{}"
        return response
    response._content = body[: len(body) // 2] if fate is Broken.TRUNCATED else b"<html>Bad Gateway</html>"
    if fate is Broken.GATEWAY:
        response.status_code = 502
    if fate is not Broken.TRUNCATED:
        response.headers["Content-Type"] = "text/html"
    return response


@contextmanager
def _captured_log(watch: Watch) -> Iterator[None]:
    class Capture(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # urllib3 logs whole URLs at DEBUG; the bridge keeps that logger at INFO.
            if not record.name.startswith("urllib3") or record.levelno >= logging.INFO:
                watch.log.append(formatter.format(record))

    formatter, handler, root = logging.Formatter(), Capture(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
