"""A number as the value of a gauge."""

from collections.abc import Sequence

from acme_sms import Acme
from prometheus_client import CollectorRegistry, Gauge

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

_LAST = Gauge("acme_last", "The last.", registry=CollectorRegistry())


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        _LAST.set(int(batch.messages[0].phone.e164))
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
