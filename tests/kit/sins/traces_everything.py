"""A tracer for every function of the process."""

import sys
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        sys.setprofile(lambda *_: None)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
