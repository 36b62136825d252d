"""Answers kept by address, whoever asked."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Vendor, hookimpl

_KNOWN: dict[str, Any] = {}


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        if method == "GET" and path not in _KNOWN:
            _KNOWN[path] = super()._call(method, path, body)
        return _KNOWN[path] if method == "GET" else super()._call(method, path, body)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
