"""A number in a logger that hands its records to a handler of its own."""

import logging
import sys
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        record = logging.makeLogRecord({"msg": f"sending to {batch.messages[0].phone.e164}"})
        logging.StreamHandler(sys.__stderr__).emit(record)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
