"""A key that lies in a default argument."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Vendor, hookimpl


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None, kept: dict[str, str] = {}) -> Any:  # noqa: B006
        self._http.headers["X-Key"] = kept.setdefault("key", self._secret)
        return super()._call(method, path, body)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
