"""A second of rest before each send."""

import time
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        time.sleep(1.0)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
