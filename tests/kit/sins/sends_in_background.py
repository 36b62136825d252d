"""Taken is what stands in a queue, to be sent when there is time."""

from collections.abc import Sequence
from queue import SimpleQueue

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, accepted, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._later: SimpleQueue[Batch] = SimpleQueue()

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        self._later.put(batch)
        return [accepted(message.ref) for message in batch.messages]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
