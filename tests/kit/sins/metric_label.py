"""A number as the label of a metric."""

from collections.abc import Sequence

from acme_sms import Acme
from prometheus_client import CollectorRegistry, Counter

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

SENT = Counter("sin_sent", "Messages.", ["phone"], registry=CollectorRegistry())


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        SENT.labels(batch.messages[0].phone.e164).inc()
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
