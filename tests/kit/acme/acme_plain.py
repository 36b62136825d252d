"""Acme through urllib, without `requests`: as faultless, over another client."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import BridgeError, OutcomeUnknown, VendorUnavailable


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


class PlainAcme(Acme):
    """One account at Acme."""

    timeout = 10.0

    def _open(self, request: urllib.request.Request) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
        return opener.open(request, timeout=self.timeout)

    def _request(self, method: str, path: str, body: Any) -> urllib.request.Request:
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Key": self._secret, "Content-Type": "application/json"}
        return urllib.request.Request(self._base + path, data, headers, method=method)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            with self._open(self._request(method, path, body)) as response:
                answer = json.loads(response.read())
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
