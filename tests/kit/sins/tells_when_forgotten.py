"""A number in the log, written when the vendor object is forgotten."""

import logging
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        self._batch = batch
        return super().send_batch(channel, batch)

    def __del__(self) -> None:
        if self._batch is not None:
            logging.getLogger("sin").info("the last was %s", self._batch.messages[0].phone.e164)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
