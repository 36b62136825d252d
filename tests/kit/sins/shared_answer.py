"""The answer of the last call lies in the channel."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Vendor, hookimpl


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        self._answer = super()._call(method, path, body)
        kept = method
        return self._answer if kept else None


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
