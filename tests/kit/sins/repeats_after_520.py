"""A send that is repeated after a status that few know."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import OutcomeUnknown, Vendor, hookimpl


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super()._call(method, path, body)
        except OutcomeUnknown as error:
            if error.code != "HTTP_520":
                raise
            return super()._call(method, path, body)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
