"""A nonce that is the second: two sends in it, and the vendor takes one for a replay."""

import time
from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Vendor, hookimpl


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        self._http.headers["X-Nonce"] = f"{time.time():.0f}"
        return super()._body(batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
