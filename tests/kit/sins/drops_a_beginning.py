"""Numbers of one carrier are left out, and called accepted."""

from collections.abc import Sequence
from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, accepted, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        wanted = tuple(each for each in batch.messages if not each.phone.national.startswith("1705"))
        found = iter(super().send_batch(channel, replace(batch, messages=wanted)))
        return [next(found) if each in wanted else accepted("a0") for each in batch.messages]
