"""Every request is printed by the client's own debugging, headers and key and all."""

import http.client
from typing import Any

from acme_sms import Acme

OVER = "http"


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        http.client.HTTPConnection.debuglevel = 1
        try:
            return super()._call(method, path, body)
        finally:
            http.client.HTTPConnection.debuglevel = 0
