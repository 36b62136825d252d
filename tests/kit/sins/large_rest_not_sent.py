"""A large batch goes out in parts; when the answer to one is lost, all are called not sent."""

from collections.abc import Sequence
from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, VendorThrottled, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        found: list[SubmitResult] = []
        for start in range(0, len(batch.messages), 100):
            part = replace(batch, messages=batch.messages[start : start + 100])
            try:
                found += super().send_batch(channel, part)
            except OutcomeUnknown:
                raise VendorThrottled("Later.") from None
        return found
