"""A request holds the host's local time."""

from datetime import datetime
from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Vendor, hookimpl


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        return {**super()._body(batch), "template": f"{datetime.now():%Y-%m-%d %H:%M:%S}"}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
