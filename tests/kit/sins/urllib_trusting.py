"""A urllib client that takes any certificate."""

import ssl
import urllib.request
from typing import Any

from acme_plain import PlainAcme, _Stay

from bridge.plugin import Vendor, hookimpl


class Sin(PlainAcme):
    def _open(self, request: urllib.request.Request) -> Any:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        handlers = (urllib.request.ProxyHandler({}), _Stay(), urllib.request.HTTPSHandler(context=context))
        return urllib.request.build_opener(*handlers).open(request, timeout=self.timeout)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
