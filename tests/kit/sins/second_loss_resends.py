"""The first lost answer is unknown; at the next one patience is lost, and the batch is sent again."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, hookimpl


class Sin(Acme):
    _lost = 0

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        try:
            return super().send_batch(channel, batch)
        except OutcomeUnknown:
            self._lost += 1
            if self._lost > 1:
                return super().send_batch(channel, batch)
            raise
