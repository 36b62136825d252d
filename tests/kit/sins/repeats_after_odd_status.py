"""Repeats after a status of the server's that it does not know."""

from typing import Any

from acme_plain import PlainAcme

from bridge.plugin import BridgeError, OutcomeUnknown, Vendor, hookimpl

OVER = "http"
KNOWN = (500, 502, 503, 504, 520, 524)


class _Gone(OutcomeUnknown):
    pass


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super()._call(method, path, body)
        except _Gone:
            return super()._call(method, path, body)

    def _meaning(self, error: Exception) -> BridgeError:
        code = getattr(error, "code", 0)
        return _Gone("Acme gave up.") if code >= 500 and code not in KNOWN else super()._meaning(error)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
