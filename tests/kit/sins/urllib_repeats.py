"""A urllib client that sends once more after a reset."""

from typing import Any

from acme_plain import PlainAcme

from bridge.plugin import OutcomeUnknown, Vendor, hookimpl


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super()._call(method, path, body)
        except OutcomeUnknown:
            return super()._call(method, path, body)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
