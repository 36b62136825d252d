"""A lost send is repeated where one person waits for a code."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        try:
            return super().send_batch(channel, batch)
        except OutcomeUnknown:
            if len(batch.messages) > 1 or batch.template.type != 0:
                raise
            return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
