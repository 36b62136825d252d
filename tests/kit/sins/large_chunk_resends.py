"""A large batch goes out in parts, and a part whose answer is lost goes out again."""

from collections.abc import Sequence
from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        found: list[SubmitResult] = []
        for start in range(0, len(batch.messages), 100):
            part = replace(batch, messages=batch.messages[start : start + 100])
            try:
                found += super().send_batch(channel, part)
            except OutcomeUnknown:
                found += super().send_batch(channel, part)
        return found
