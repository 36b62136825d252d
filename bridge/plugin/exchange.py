"""One end for every exchange: connecting, sending, headers and body share one deadline.

The time-outs of `requests` count from one byte to the next, so a peer that sends a byte a second holds a
thread for ever. Here each operation on the socket gets the time that the exchange has left.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

from .addresses import is_public
from .kept import Answer, exchanged, target_of

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
_MOST_ADDRESSES = 64
"""Addresses whose connections an adapter knows at once; it keeps those of a few."""

Patience = float | tuple[float, float] | tuple[float, None] | None
"""A time-out as `requests` takes it: seconds, or those to connect and those to read."""


class Limit:
    """How long one exchange may still take: until a moment, or while its body keeps up a least rate."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds
        self._rate = 0.0
        self._longest = 0.0
        self._spare = 0.0

    def pace(self, rate: float, longest: float) -> None:
        """Ask for `rate` bytes a second from here on; `longest` seconds may pass without any."""
        self._rate = rate
        self._longest = self._spare = longest

    def left(self) -> float:
        """Return the seconds that the next operation may take."""
        return self._spare if self._rate else self._end - monotonic()

    def spend(self, seconds: float, received: int) -> None:
        """Note how long the socket was waited for and what came; only the body's rate is kept so.

        A slow reader is not the peer's fault: its time does not count.
        """
        if self._rate:
            self._spare = min(self._longest, self._spare - seconds + received / self._rate)


class _Current(threading.local):
    limit: Limit | None = None


_current = _Current()


@contextmanager
def _during(limit: Limit) -> Iterator[None]:
    outer, _current.limit = _current.limit, limit
    try:
        yield
    finally:
        _current.limit = outer


class _Limited(socket.socket):
    """A socket whose every operation ends when its exchange must."""

    limit: Limit | None = None
    _patience: float | None = None

    def settimeout(self, value: float | None) -> None:
        """Remember the longest wait for one operation; the exchange's end may come before."""
        self._patience = value
        super().settimeout(value)

    def _arm(self) -> float:
        if self.limit is not None:
            left = self.limit.left()
            if left <= 0:
                raise TimeoutError("the exchange took too long")
            super().settimeout(left if self._patience is None else min(left, self._patience))
        return monotonic()

    def _received(self, began: float, count: int) -> None:
        if self.limit is not None:
            self.limit.spend(monotonic() - began, count)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Act as the socket does, within the exchange's time. Returns the number of bytes read."""
        began = self._arm()
        count = super().recv_into(*args, **kwargs)
        self._received(began, count)
        return count

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        """Act as the socket does, within the exchange's time."""
        began = self._arm()
        data = super().recv(*args, **kwargs)
        self._received(began, len(data))
        return data

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Act as the socket does, within the exchange's time. Returns the number of bytes written."""
        self._arm()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Act as the socket does, within the exchange's time."""
        self._arm()
        super().sendall(*args, **kwargs)


class _LimitedTLS(_Limited, ssl.SSLSocket):
    """The same for TLS, which makes a socket of its own out of the connected one."""

    def do_handshake(self, block: bool = False) -> None:
        """Act as the socket does, within the exchange's time."""
        self.limit = _current.limit
        self._arm()
        super().do_handshake(block)


class PrivateAddress(NewConnectionError):
    """The name leads to no address on the public Internet."""


def _connected(connection: HTTPConnection, *, public_only: bool) -> socket.socket:
    """Connect to the first address that answers, and to none that is not allowed.

    What is checked is the address connected to, so a name that resolves differently the next time (DNS
    rebinding) gains nothing.
    """
    try:
        addresses = _resolved(connection)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    if public_only:
        addresses = [found for found in addresses if is_public(str(found[4][0]))]
        if not addresses:
            raise PrivateAddress(connection, "private address")
    failure: OSError = OSError("the name has no address")
    for family, kind, proto, _, address in addresses:
        sock = _Limited(family, kind, proto)
        sock.limit = _current.limit
        try:
            _prepare(sock, connection)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "connect timeout") from failure
    raise NewConnectionError(connection, "connection refused") from failure


def _resolved(connection: HTTPConnection) -> list[Any]:
    host = connection._dns_host.strip("[]")
    try:
        host.encode("idna")
    except UnicodeError:
        raise LocationParseError("label empty or too long") from None
    return socket.getaddrinfo(host, connection.port, socket.AF_UNSPEC, socket.SOCK_STREAM)


def _prepare(sock: _Limited, connection: HTTPConnection) -> None:
    for option in connection.socket_options or ():
        sock.setsockopt(*option)
    sock.settimeout(connection.timeout)
    sock._arm()
    if connection.source_address:
        sock.bind(connection.source_address)


class _Connection(HTTPConnection):
    public_only = False

    def _new_conn(self) -> socket.socket:
        return _connected(self, public_only=self.public_only)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _renew(self)
        super().request(*args, **kwargs)


class _TLSConnection(HTTPSConnection):
    public_only = False

    def _new_conn(self) -> socket.socket:
        return _connected(self, public_only=self.public_only)

    def connect(self) -> None:
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context(cert_reqs=resolve_cert_reqs(self.cert_reqs))
        self.ssl_context.sslsocket_class = _LimitedTLS
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        _renew(self)
        super().request(*args, **kwargs)


def _renew(connection: HTTPConnection) -> None:
    """Give a connection that was kept alive the time of the exchange that begins."""
    sock = connection.sock
    # TLS inside the TLS of a proxy is no socket; it reads from one.
    inner = getattr(sock, "socket", sock)
    if isinstance(inner, _Limited):
        inner.limit = _current.limit


class _PublicConnection(_Connection):
    public_only = True


class _PublicTLSConnection(_TLSConnection):
    public_only = True


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _PublicPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicTLSConnection


_POOLS = {"http": _Pool, "https": _TLSPool}
_PUBLIC_POOLS = {"http": _PublicPool, "https": _PublicTLSPool}


class Adapter(HTTPAdapter):
    """Carries requests of any `requests.Session`; each exchange ends after the sum of its time-outs.

    With `least_rate` (bytes a second) a body may take longer as long as it keeps coming at that rate. With
    `public_only` no connection is made into a private network, but through a proxy it is the proxy that
    connects.

    What only `Session` gives is not here: redirects are followed, `verify=False` is obeyed, proxies and
    .netrc of the environment too, answers have no bound, and `max_retries` may be set later.
    """

    def __init__(self, *, threads: int = 10, public_only: bool = False, least_rate: float = 0.0) -> None:
        self._pools = _PUBLIC_POOLS if public_only else _POOLS
        self._least_rate = least_rate
        self._known: dict[tuple[object, ...], Any] = {}
        super().__init__(pool_connections=4, pool_maxsize=threads, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Act as the adapter does, with connections that know their end."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(self._pools)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Act as the adapter does, with connections that know their end."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = dict(_POOLS)
        return manager

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, *, timeout: Patience = None, **kwargs: Any
    ) -> requests.Response:
        """Send as the adapter does; `timeout` bounds the exchange as well as each of its steps."""
        connect_s, read_s = _steps(timeout)
        limit = Limit(connect_s + read_s)
        with _during(limit):
            response = super().send(request, timeout=timeout, **kwargs)
        if self._least_rate:
            limit.pace(self._least_rate, read_s)
        return response

    def over_kept(
        self,
        request: requests.PreparedRequest,
        timeout: tuple[float, float],
        *,
        verify: bool | str | None,
        cert: str | tuple[str, str] | None,
        most: int,
    ) -> Answer | None:
        """Return the whole answer over a connection that is open already; None where there is none.

        Without a proxy, whatever the environment says. Nothing has left where None is returned.
        """
        pool, target = self._pool(request, verify, cert), target_of(request)
        connection = pool._get_conn()
        try:
            if not target or connection.is_closed or not isinstance(connection, HTTPConnection):
                return None
            with _during(Limit(sum(timeout))):
                _renew(connection)
                return exchanged(connection, request, target, timeout[1], most)
        finally:
            pool._put_conn(connection)

    def _pool(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        cert: str | tuple[str, str] | None,
    ) -> Any:
        """Return the connections to a request's address, which `requests` would look at anew each time."""
        url = request.url or ""
        end = url.find("/", len("https://"))
        address = (url if end < 0 else url[:end], verify, cert)
        pool = self._known.get(address)
        if pool is None or pool.pool is None:  # closed for others: an adapter keeps those of a few addresses
            if len(self._known) >= _MOST_ADDRESSES:
                self._known.clear()
            pool = self._known[address] = self.get_connection_with_tls_context(request, verify, cert=cert)
        return pool


def _steps(timeout: Patience) -> tuple[float, float]:
    """Return the seconds to connect and to read; a time-out that is not given is the usual one."""
    if not isinstance(timeout, tuple):
        return (0.0, timeout) if timeout is not None else (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
    connect_s, read_s = timeout
    return connect_s, READ_TIMEOUT_S if read_s is None else read_s
