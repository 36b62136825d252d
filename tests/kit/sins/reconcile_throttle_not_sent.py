"""A throttled look-up proves that nothing was sent."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import (
    Batch,
    Channel,
    SubmitResult,
    Vendor,
    VendorThrottled,
    VendorUnavailable,
    hookimpl,
    not_sent,
)


class Sin(Acme):
    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        try:
            return super().reconcile_batch(channel, batch)
        except VendorThrottled:
            return [not_sent(VendorUnavailable("Acme has no such batch.")) for _ in batch.messages]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
