"""A send is refused while another is on its way."""

import threading
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, VendorUnavailable, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._busy = threading.Lock()

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        if not self._busy.acquire(blocking=False):
            raise VendorUnavailable("One at a time.")
        try:
            return super().send_batch(channel, batch)
        finally:
            self._busy.release()


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
