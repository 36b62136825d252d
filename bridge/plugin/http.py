"""HTTP as a vendor plugin needs it: always a timeout, never a blind repeat, errors by consequence.

`Session` is a `requests.Session` that cannot forget its timeouts. `translated` turns what `requests` raises
into an error of `bridge.plugin.errors` that quotes no URL (URLs carry numbers). `fetch` downloads media from
untrusted addresses without reaching into the private network.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)
from urllib3.util import connection as urllib3_connection

from .errors import (
    BridgeError,
    CredentialsRejected,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
)

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
_MAX_REDIRECTS = 3
_BAD_URL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


class AddressRefused(BridgeError):
    """The URL is not https, its host is not allowed, or it leads into a private network."""

    default_code = "ADDRESS_REFUSED"


class FetchFailed(BridgeError):
    """The file could not be downloaded: not found, too large, or no contact."""

    default_code = "FETCH_FAILED"


class Session(requests.Session):
    """A session with timeouts on every request, a pool for `threads`, no redirects and no repeats.

    Proxy variables of the environment are obeyed only with `trust_env=True`.
    """

    def __init__(
        self,
        *,
        threads: int = 10,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        trust_env: bool = False,
        allow_private: bool = True,
    ) -> None:
        super().__init__()
        self.timeout = timeout
        self.trust_env = trust_env
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=threads, max_retries=0)
        if not allow_private:
            adapter = _PublicOnlyAdapter(pool_connections=4, pool_maxsize=threads, max_retries=0)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests.Session.request`, with this session's timeouts."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        return super().request(method, url, *args, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never: `requests` would follow a redirect of `get` unasked, past any check of the address."""


def classify(error: requests.RequestException) -> BridgeError:
    """VendorUnavailable when the request certainly never left, OutcomeUnknown in every other case."""
    if isinstance(error, requests.ConnectTimeout):
        return VendorUnavailable("The vendor did not answer the connection in time.", code="CONNECT_TIMEOUT")
    if isinstance(error, _BAD_URL):
        return VendorUnavailable("The vendor's address is not a URL.", code="BAD_URL")
    refusal = _refusal(error)
    if refusal is not None:
        return refusal
    if isinstance(error, requests.Timeout):
        return OutcomeUnknown("The vendor did not answer in time.", code="READ_TIMEOUT")
    return OutcomeUnknown("The connection to the vendor broke before its answer.", code="CONNECTION_LOST")


def _refusal(error: requests.RequestException) -> VendorUnavailable | None:
    if not isinstance(error, requests.ConnectionError) or not error.args:
        return None
    reason = getattr(error.args[0], "reason", error.args[0])
    if isinstance(reason, ProxyError):
        # urllib3 also blames the proxy for an answer that was lost after the request had left.
        reason = reason.original_error
    if isinstance(reason, _PrivateAddress):
        return VendorUnavailable("The vendor's address lies in a private network.", code="PRIVATE_ADDRESS")
    if isinstance(reason, NameResolutionError):
        return VendorUnavailable("The vendor's host name is not known.", code="DNS")
    if isinstance(reason, ConnectTimeoutError | NewConnectionError) or _no_tunnel(reason):
        return VendorUnavailable("The vendor refused the connection.", code="CONNECTION_REFUSED")
    if isinstance(reason, SSLError) and any(
        isinstance(arg, ssl.SSLCertVerificationError) for arg in reason.args
    ):
        return VendorUnavailable("The vendor's certificate is not valid.", code="CERTIFICATE_INVALID")
    return None


def _no_tunnel(reason: Exception) -> bool:
    # What http.client raises, and nothing else, when a proxy refuses to connect to an https host.
    return type(reason) is OSError and str(reason).startswith("Tunnel connection failed")


@contextmanager
def translated() -> Iterator[None]:
    """Turn `requests` exceptions raised inside into the errors of `classify`, without their text."""
    try:
        yield
    except requests.JSONDecodeError:
        raise OutcomeUnknown("The vendor's answer is not JSON.", code="UNREADABLE_ANSWER") from None
    except requests.RequestException as error:
        raise classify(error) from None


def raise_for_status(response: requests.Response) -> None:
    """Raise by the HTTP status alone, for vendors whose body says no more.

    429 is VendorThrottled, 401 and 403 CredentialsRejected, other 4xx VendorRejected, and 3xx, 408 and 5xx
    OutcomeUnknown: a gateway in front of the vendor may have passed the request on.
    """
    status = response.status_code
    if 200 <= status < 300:
        return
    code = f"HTTP_{status}"
    if status == 429:
        raise VendorThrottled(
            "The vendor asked to slow down.",
            code=code,
            retry_after=retry_after(response.headers.get("Retry-After")),
        )
    if status in (401, 403):
        raise CredentialsRejected("The vendor refused the credentials.", code=code)
    if 400 <= status < 500 and status != 408:
        raise VendorRejected("The vendor refused the request.", code=code)
    raise OutcomeUnknown("The vendor answered with an error of its own.", code=code)


def retry_after(header: str | None) -> float | None:
    """The seconds of a Retry-After header in its numeric form, at most an hour; otherwise None."""
    if header is None or not header.strip().isascii() or not header.strip().isdigit():
        return None
    return float(min(int(header), 3600))


class _PrivateAddress(NewConnectionError):
    """The name resolved to an address that is not on the public Internet."""


def _connect_public(connection: HTTPConnection) -> socket.socket:
    # The address of the connected socket is checked, not a look-up before it: a name that resolves
    # differently the second time (DNS rebinding) gains nothing.
    host = connection._dns_host
    try:
        sock = urllib3_connection.create_connection(
            (host, connection.port or 0),
            connection.timeout,
            connection.source_address,
            connection.socket_options,
        )
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "connect timeout") from error
    except OSError as error:
        raise NewConnectionError(connection, "connection refused") from error
    address = ipaddress.ip_address(sock.getpeername()[0].split("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    if not mapped.is_global or mapped.is_multicast:
        sock.close()
        raise _PrivateAddress(connection, "private address")
    return sock


class _PublicHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect_public(self)


class _PublicHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect_public(self)


class _PublicHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection


class _PublicOnlyAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}


def check_url(url: str, *, allow_private: bool, hosts: Collection[str] = ()) -> None:
    """Raise AddressRefused unless the URL is https and its host ends with one of `hosts` (empty: any).

    `allow_private` also admits http.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressRefused("The file's address is not a URL.") from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in (("https", "http") if allow_private else ("https",)) or not host:
        raise AddressRefused("The file's address is not an https URL.")
    if parts.username is not None:
        raise AddressRefused("The file's address carries a user name.")
    if hosts and not any(host == known or host.endswith("." + known.lstrip(".")) for known in hosts):
        raise AddressRefused("The file's host is not on the list of allowed hosts.")


@contextmanager
def open_url(
    url: str,
    *,
    allow_private: bool,
    hosts: Collection[str] = (),
    headers: dict[str, str] | None = None,
    timeout: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
) -> Iterator[requests.Response]:
    """GET an untrusted URL as a stream; every redirect's target is checked like the first address.

    The response may have any status. Raises AddressRefused or FetchFailed.
    """
    with Session(threads=1, timeout=timeout, allow_private=allow_private) as session:
        response = _follow(
            session, url, lambda u: check_url(u, allow_private=allow_private, hosts=hosts), headers
        )
        try:
            yield response
        finally:
            response.close()


def _follow(
    session: Session, url: str, check: Callable[[str], None], headers: dict[str, str] | None
) -> requests.Response:
    for _ in range(_MAX_REDIRECTS + 1):
        check(url)
        try:
            response = session.get(url, headers=headers, stream=True)
        except requests.RequestException as error:
            refusal = classify(error)
            kind = AddressRefused if refusal.code == "PRIVATE_ADDRESS" else FetchFailed
            raise kind(f"The file's host could not be reached ({refusal.code}).") from None
        if not response.is_redirect:
            return response
        url = urljoin(url, response.headers["Location"])
        response.close()
    raise FetchFailed("The file's address redirects too often.")


def fetch(url: str, *, max_bytes: int, allow_private: bool, hosts: Collection[str] = ()) -> tuple[bytes, str]:
    """Download a small file (media of a template) and its content type.

    Raises AddressRefused or FetchFailed; never more than `max_bytes` are kept in memory.
    """
    with open_url(url, allow_private=allow_private, hosts=hosts) as response:
        if response.status_code != 200:
            raise FetchFailed(f"The file's host answered with status {response.status_code}.")
        data = bytearray()
        try:
            for piece in response.iter_content(65536):
                data += piece
                if len(data) > max_bytes:
                    raise FetchFailed(f"The file is larger than {max_bytes} bytes.")
        except requests.RequestException:
            raise FetchFailed("The download broke off.") from None
        return bytes(data), response.headers.get("Content-Type", "")
