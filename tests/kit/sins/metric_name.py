"""A number in the name of a metric."""

from collections.abc import Sequence

from acme_sms import Acme
from prometheus_client import CollectorRegistry, Gauge

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        Gauge(f"acme_{batch.messages[0].phone.digits}", "Sent.", registry=CollectorRegistry()).inc()
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
