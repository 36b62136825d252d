"""A number in the attributes with which a span begins."""

from collections.abc import Sequence

from acme_sms import Acme
from opentelemetry import trace

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with trace.get_tracer("acme").start_as_current_span(
            "send", attributes={"to": batch.messages[0].phone.e164}
        ):
            pass
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
