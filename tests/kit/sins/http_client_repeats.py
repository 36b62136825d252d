"""An http.client that sends once more when the answer is cut."""

import http.client
from typing import Any

from acme_plain import PlainAcme

from bridge.plugin import Vendor, hookimpl


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        host = self._base.partition("://")[2]
        request = self._request(method, path, body)
        for attempt in (1, 2):
            connection = http.client.HTTPConnection(host, timeout=10)
            try:
                connection.request(method, path, request.data, dict(request.header_items()))
                connection.getresponse().read()
            except http.client.RemoteDisconnected:
                if attempt == 1:
                    continue
            except OSError:
                pass
            finally:
                connection.close()
            break
        return super()._call(method, path, body)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
