"""A number among the attributes of an OpenTelemetry counter."""

from collections.abc import Sequence

from acme_sms import Acme
from opentelemetry import metrics

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

_SENT = metrics.get_meter("acme").create_counter("acme_sent")


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        _SENT.add(1, {"to": batch.messages[0].phone.e164})
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
