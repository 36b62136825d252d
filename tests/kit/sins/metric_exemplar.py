"""A number in the exemplar of a counter."""

from collections.abc import Sequence

from acme_sms import Acme
from prometheus_client import CollectorRegistry, Counter

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

_SENT = Counter("acme_sent", "Sent.", registry=CollectorRegistry())


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        _SENT.inc(exemplar={"to": batch.messages[0].phone.e164})
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
