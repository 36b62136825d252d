"""A copy of the first message goes to somebody else."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Vendor, hookimpl


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        body = super()._body(batch)
        body["messages"].append(body["messages"][0] | {"to": "8613900000000"})
        return body


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
