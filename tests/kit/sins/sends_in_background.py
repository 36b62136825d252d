"""Taken is what has been handed to a thread."""

import threading
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, accepted, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        threading.Thread(target=self._later, args=(channel, batch)).start()
        return [accepted(message.ref) for message in batch.messages]

    def _later(self, channel: Channel, batch: Batch) -> None:
        super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
