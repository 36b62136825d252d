"""Calls of 100 begin at every 99th message: one in a hundred gets it twice."""

from collections.abc import Sequence
from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        results: list[SubmitResult] = []
        for start in range(0, len(batch.messages), 99):
            part = replace(batch, messages=batch.messages[start : start + 100])
            results += super().send_batch(channel, part)
        return results[: len(batch.messages)]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
