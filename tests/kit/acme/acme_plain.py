"""Acme through urllib, without `requests`: as faultless, over another client."""

import http.client
import json
import math
import socket
import time
import urllib.error
import urllib.request
from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import BridgeError, OutcomeUnknown, VendorUnavailable


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


class _Ending(socket.socket):
    """A socket that is left when the whole exchange has taken too long."""

    end = math.inf

    def recv_into(self, *args: Any) -> int:
        """Read, unless it is too late."""
        if time.monotonic() > self.end:
            raise TimeoutError("the exchange took too long")
        return super().recv_into(*args)


def _connected(address: tuple[str, int], timeout: float, *_: Any) -> socket.socket:
    line = _Ending(socket.AF_INET, socket.SOCK_STREAM)
    line.settimeout(timeout)
    line.end = time.monotonic() + 2 * timeout
    try:
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line


class _Connection(http.client.HTTPConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._create_connection = _connected


class _Open(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> Any:
        """Open over a connection that ends."""
        return self.do_open(_Connection, request)


class PlainAcme(Acme):
    """One account at Acme."""

    timeout = 10.0
    most_answer: int | None = 1 << 20
    """Bytes: what is cut at them is no JSON any more."""

    def _open(self, request: urllib.request.Request) -> Any:
        opener = urllib.request.build_opener(_Open(), urllib.request.ProxyHandler({}), _Stay())
        return opener.open(request, timeout=self.timeout)

    def _request(self, method: str, path: str, body: Any) -> urllib.request.Request:
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Key": self._secret, "Content-Type": "application/json"}
        return urllib.request.Request(self._base + path, data, headers, method=method)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            with self._open(self._request(method, path, body)) as response:
                answer = json.loads(response.read(self.most_answer))
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise self._meaning(error) from None
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)

    def _meaning(self, error: Exception) -> BridgeError:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ConnectionRefusedError):
            return VendorUnavailable("Acme refused the connection.")
        return OutcomeUnknown("Acme's answer is lost.")
