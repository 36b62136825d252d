"""A number in what structlog writes into every line, as long as the vendor is called."""

from collections.abc import Sequence

from acme_sms import Acme
from structlog.contextvars import bound_contextvars

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with bound_contextvars(to=batch.messages[0].phone.e164):
            return super().send_batch(channel, batch)
