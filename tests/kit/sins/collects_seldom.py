"""The garbage of the process is collected when it suits the plugin."""

import gc
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        gc.set_threshold(100_000)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
