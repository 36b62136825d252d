"""A reference that each thread counts for itself."""

import threading
from typing import Any

from acme_sms import Acme
from test_acme import post, sent

from bridge.plugin import Batch, Channel, Vendor, hookimpl
from bridge.testing import Send


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._own = threading.local()

    def _next(self) -> str:
        self._own.count = getattr(self._own, "count", 0) + 1
        return f"acme-{self._own.count}"

    def _body(self, batch: Batch) -> dict[str, Any]:
        return super()._body(batch) | {"ref": self._next()}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


TABLE = {"cases": [Send("accepted", post(sent({"id": "a1"}, {"id": "a2"})), ["a1", "a2"])]}
