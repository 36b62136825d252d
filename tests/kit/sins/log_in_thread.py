"""A number in the log of another thread."""

import logging
import threading
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

log = logging.getLogger("sin")


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        told = threading.Thread(target=log.info, args=("to %s", batch.messages[0].phone.e164))
        told.start()
        told.join()
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
