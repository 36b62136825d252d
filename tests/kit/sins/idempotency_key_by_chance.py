"""An idempotency key that is another for the same batch: asked again, the vendor sends again."""

import uuid
from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Vendor, hookimpl


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        self._http.headers["Idempotency-Key"] = str(uuid.uuid4())
        return super()._body(batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
