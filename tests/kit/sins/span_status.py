"""A number in the status of a span."""

from collections.abc import Sequence

from acme_sms import Acme
from opentelemetry import trace

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        status = trace.Status(trace.StatusCode.ERROR, batch.messages[0].phone.e164)
        trace.get_current_span().set_status(status)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
