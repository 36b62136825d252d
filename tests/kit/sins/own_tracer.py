"""A number in a span of a tracer of its own."""

from collections.abc import Sequence

from acme_sms import Acme
from opentelemetry.sdk.trace import TracerProvider

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

_TRACER = TracerProvider().get_tracer("acme")


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with _TRACER.start_as_current_span("send", attributes={"to": batch.messages[0].phone.e164}) as span:
            span.set_attribute("text", batch.messages[0].text)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
