"""A number in what structlog writes into every line, also into those of the bridge."""

from collections.abc import Sequence

import structlog
from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        structlog.contextvars.bind_contextvars(to=batch.messages[0].phone.e164)
        return super().send_batch(channel, batch)
