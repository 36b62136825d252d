"""Numbers that end alike are taken for one person."""

from collections.abc import Sequence
from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        people = {message.phone.digits[-8:]: message for message in batch.messages}
        results = super().send_batch(channel, replace(batch, messages=tuple(people.values())))
        told = dict(zip(people, results, strict=True))
        return [told[message.phone.digits[-8:]] for message in batch.messages]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
