"""A lost send that goes out again in a moment."""

import threading
from typing import Any

from acme_sms import Acme

from bridge.plugin import OutcomeUnknown, Vendor, hookimpl


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super()._call(method, path, body)
        except OutcomeUnknown:
            again = {"method": method, "url": self._base + path, "json": body}
            threading.Timer(0.2, self._http.request, kwargs=again).start()
            raise


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
