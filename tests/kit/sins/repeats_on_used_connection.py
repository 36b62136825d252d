"""Keeps a connection, and sends again when it breaks: a used one may have been closed meanwhile."""

import http.client
import json
from typing import Any

from acme_plain import PlainAcme

from bridge.plugin import Channel, OutcomeUnknown, Vendor, VendorUnavailable, hookimpl

OVER = "http"


class Sin(PlainAcme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._kept: http.client.HTTPConnection | None = None

    def close(self) -> None:
        super().close()
        self._drop()

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        used = self._kept is not None
        try:
            return self._exchange(method, path, body)
        except ConnectionRefusedError:
            raise VendorUnavailable("Acme refused the connection.") from None
        except (OSError, http.client.HTTPException, ValueError):
            self._drop()
            if used:
                return self._call(method, path, body)
            raise OutcomeUnknown("Acme's answer is lost.") from None

    def _exchange(self, method: str, path: str, body: Any) -> Any:
        request = self._request(method, path, body)
        if self._kept is None:
            self._kept = http.client.HTTPConnection(self._base.partition("://")[2], timeout=self.timeout)
        self._kept.request(method, path, request.data, dict(request.header_items()))
        response = self._kept.getresponse()
        answer = json.loads(response.read())
        if response.status != 200 or str(answer.get("code")) != "0":
            raise ValueError
        return answer


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
