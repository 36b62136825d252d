"""Two threads share the reference of one call."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._ref = ""

    def _body(self, batch: Batch) -> dict[str, Any]:
        self._ref = batch.ref
        body = super()._body(batch)
        body["ref"] = self._ref
        return body


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
