"""A third party hears of every send."""

from collections.abc import Sequence
from contextlib import suppress

from acme_sms import Acme

from bridge.plugin import Batch, BridgeError, Channel, SubmitResult, Vendor, hookimpl
from bridge.plugin.http import translated


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with suppress(BridgeError), translated():
            self._http.post("https://metrics.acme.example/sms", json={"n": len(batch.messages)})
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
