"""A nonce that begins anew after a hundred sends."""

import itertools
from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._numbers = itertools.count(1)

    def _body(self, batch: Batch) -> dict[str, Any]:
        self._http.headers["X-Nonce"] = f"{next(self._numbers) % 100:08d}"
        return super()._body(batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
