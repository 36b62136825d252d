"""A send that is repeated when the connection was closed, as if it had been stale."""

import http.client
import json
from typing import Any

from acme_plain import PlainAcme, _Connection
from acme_sms import ERRORS

from bridge.plugin import OutcomeUnknown, Vendor, VendorUnavailable, hookimpl


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            content = self._asked(method, path, body)
        except http.client.RemoteDisconnected:
            content = self._asked(method, path, body)
        answer = self._parsed(content)
        code = str(answer.get("code")) if isinstance(answer, dict) else "?"
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)

    def _asked(self, method: str, path: str, body: Any) -> bytes:
        line = _Connection(self._base.partition("://")[2], timeout=self.timeout)
        request = self._request(method, path, body)
        try:
            line.connect()
        except OSError:
            raise VendorUnavailable("Acme refused the connection.") from None
        try:
            line.request(method, path, request.data, dict(request.header_items()))
            answer = line.getresponse()
            content = answer.read(self.most_answer)
        except http.client.RemoteDisconnected:
            raise
        except (OSError, http.client.HTTPException):
            raise OutcomeUnknown("Acme's answer is lost.") from None
        finally:
            line.close()
        if answer.status >= 300 or answer.length:
            raise OutcomeUnknown("Acme's answer is lost.", code=f"HTTP_{answer.status}")
        return content

    def _parsed(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError:
            raise OutcomeUnknown("Acme's answer is lost.") from None


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
