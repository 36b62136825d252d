"""A context that verifies nothing by itself, as TLS without a purpose does."""

import ssl
import urllib.request
from typing import Any

from acme_plain import PlainAcme, _Stay

from bridge.plugin import Vendor, hookimpl


class Sin(PlainAcme):
    def _open(self, request: urllib.request.Request) -> Any:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS)
        handlers = (urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({}), _Stay())
        return urllib.request.build_opener(*handlers).open(request, timeout=self.timeout)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
