"""A lost send that goes out again with the next one."""

import contextlib
from typing import Any

from acme_sms import Acme

from bridge.plugin import BridgeError, Channel, OutcomeUnknown, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._lost: list[tuple[str, str, Any]] = []

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        while self._lost:
            with contextlib.suppress(BridgeError):
                super()._call(*self._lost.pop())
        try:
            return super()._call(method, path, body)
        except OutcomeUnknown:
            self._lost.append((method, path, body))
            raise


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
