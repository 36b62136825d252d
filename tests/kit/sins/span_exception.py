"""A number in an exception that a span records."""

from collections.abc import Sequence

from acme_sms import Acme
from opentelemetry import trace

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        trace.get_current_span().record_exception(ValueError(batch.messages[0].phone.e164))
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
