"""A number is left in a variable of the context, for a filter of the log to find."""

from collections.abc import Sequence
from contextvars import ContextVar

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl

_TO = ContextVar("to", default="")


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        _TO.set(batch.messages[0].phone.e164)
        return super().send_batch(channel, batch)
