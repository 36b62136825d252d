"""http.client over TLS whose certificate is asked for, but never verified."""

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from acme_plain import PlainAcme
from acme_sms import ERRORS

from bridge.plugin import OutcomeUnknown, Vendor, hookimpl


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        address = urlsplit(self._base)
        kind = _Unverified if address.scheme == "https" else http.client.HTTPConnection
        line = kind(address.hostname or "", address.port, timeout=10)
        try:
            data = None if body is None else json.dumps(body)
            headers = {"X-Key": self._secret, "Content-Type": "application/json"}
            line.request(method, path, data, headers)
            answer = json.loads(line.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._meaning(error) from None
        finally:
            line.close()
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)


class _Unverified(http.client.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = ssl.SSLContext(ssl.PROTOCOL_TLS).wrap_socket(self.sock)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
