"""Two threads fill one buffer."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._buffer: list[dict[str, Any]] = []

    def _body(self, batch: Batch) -> dict[str, Any]:
        self._buffer = []
        for message in batch.messages:
            entry = {"to": message.phone.digits, "vars": message.params}
            self._buffer.append(entry)
        return {"ref": batch.ref, "template": batch.template.vendor_code, "messages": list(self._buffer)}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
