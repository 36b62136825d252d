"""Watches the sockets of this process: where they lead, how long they wait, and what they trust."""

import ipaddress
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

from .serving import SERVER
from .swapping import swapped
from .watch import MOST_WAIT_S, Watch

PROXY = "http://127.0.0.1:9"
"""The proxy the environment names while a plugin is watched; whoever goes there obeys the environment."""
_PROXY_ADDRESS = ("127.0.0.1", 9)


@contextmanager
def guarded_network(watch: Watch) -> Iterator[None]:
    """Note each connection; those to the real network are refused."""
    with ExitStack() as stack:
        for guard in (_connecting, _resolving, _receiving, _waiting, _trusting):
            stack.enter_context(guard(watch))
        yield


@contextmanager
def _connecting(watch: Watch) -> Iterator[None]:
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    sendmsg = socket.socket.sendmsg

    def look(self: socket.socket, address: Any) -> None:
        if not hasattr(SERVER, "running"):
            _look(watch, self, address)

    def guarded(self: socket.socket, address: Any) -> None:
        look(self, address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        look(self, address)
        return connect_ex(self, address)

    def guarded_to(self: socket.socket, data: Any, *rest: Any) -> int:
        look(self, rest[-1])
        if not hasattr(SERVER, "running"):
            watch.aside.append(("a datagram", bytes(data).decode("utf-8", "replace")))
        return sendto(self, data, *rest)

    def guarded_message(self: socket.socket, buffers: Any, *rest: Any) -> int:
        if len(rest) > 2 and rest[2] is not None:
            look(self, rest[2])
            data = b"".join(map(bytes, buffers))
            watch.aside.append(("a datagram", data.decode("utf-8", "replace")))
        return sendmsg(self, buffers, *rest)

    with (
        swapped(socket.socket, "connect", guarded),
        swapped(socket.socket, "connect_ex", guarded_ex),
        swapped(socket.socket, "sendto", guarded_to),
        swapped(socket.socket, "sendmsg", guarded_message),
    ):
        yield


def _look(watch: Watch, sock: socket.socket, address: Any) -> None:
    """Note where a socket leads; raises ConnectionRefusedError for what the kit does not let through."""
    watch.connections += 1
    if sock.family == socket.AF_UNIX:
        watch.fault(f"a socket of this host was used ({address!r}): a plugin speaks to its vendor alone")
        return
    if tuple(address[:2]) == _PROXY_ADDRESS:
        watch.fault("the environment's proxy was used: a plugin obeys only proxies of its settings")
        raise ConnectionRefusedError("the kit has no proxy")
    if not _is_local(str(address[0])):
        watch.fault("a connection to the real network was tried")
        raise ConnectionRefusedError("the kit has no network")
    watch.sockets.add(sock)
    if sock.type == socket.SOCK_STREAM and sock.gettimeout() is None:
        watch.fault("a connection was opened without a time-out")


@contextmanager
def _resolving(watch: Watch) -> Iterator[None]:
    resolve = socket.getaddrinfo

    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not is_here(name):
            watch.connections += 1
            watch.fault("a name of the real network was looked up")
            raise socket.gaierror(socket.EAI_NONAME, "the kit has no network")
        return resolve(host, *args, **kwargs)

    with swapped(socket, "getaddrinfo", guarded):
        yield


@contextmanager
def _receiving(watch: Watch) -> Iterator[None]:
    # A bug of the plugin is played in the moment it reads the answer, so that any client has it.
    receive, receive_into = socket.socket.recv, socket.socket.recv_into

    def stumble(self: socket.socket) -> None:
        if watch.bug is not None and watch.bug.is_set() and self in watch.sockets:
            raise watch.bug_class("a bug of the plugin")

    def guarded(self: socket.socket, *args: Any) -> bytes:
        data = receive(self, *args)
        stumble(self)
        return data

    def guarded_into(self: socket.socket, *args: Any) -> int:
        count = receive_into(self, *args)
        stumble(self)
        return count

    with (
        swapped(socket.socket, "recv", guarded),
        swapped(socket.socket, "recv_into", guarded_into),
    ):
        yield


@contextmanager
def _waiting(watch: Watch) -> Iterator[None]:
    settimeout = socket.socket.settimeout

    def guarded(self: socket.socket, value: float | None) -> None:
        if value is not None and value > MOST_WAIT_S and not hasattr(SERVER, "running"):
            watch.fault(
                f"a connection has a time-out of {value:g} s, over {MOST_WAIT_S:g} s: a thread hangs on it"
            )
        settimeout(self, value)

    with swapped(socket.socket, "settimeout", guarded):
        yield


@contextmanager
def _trusting(watch: Watch) -> Iterator[None]:
    verify_mode: Any = ssl.SSLContext.verify_mode
    check_hostname: Any = ssl.SSLContext.check_hostname

    def trust(self: ssl.SSLContext, value: ssl.VerifyMode) -> None:
        # A library that prepares such a context when it is imported does not use it yet.
        if value == ssl.CERT_NONE and not _importing():
            watch.fault("certificates are not verified (CERT_NONE): anybody can answer in the vendor's name")
        verify_mode.__set__(self, value)

    def trust_any(self: ssl.SSLContext, value: bool) -> None:
        if not value and not _importing():
            watch.fault("a certificate of any host is taken (check_hostname): it need not be the vendor's")
        check_hostname.__set__(self, value)

    default: Any = ssl._create_default_https_context
    with (
        swapped(ssl.SSLContext, "verify_mode", property(verify_mode.__get__, trust)),
        swapped(ssl.SSLContext, "check_hostname", property(check_hostname.__get__, trust_any)),
    ):
        yield
    if ssl._create_default_https_context is not default:
        watch.fault("certificates of the whole process are not verified (_create_default_https_context)")
        ssl._create_default_https_context = default


def _importing() -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _is_local(host: str) -> bool:
    if host in ("localhost", "None", ""):
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def is_here(host: str) -> bool:
    """Return True for an address, and for a name of this host."""
    return _is_local(host) or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
