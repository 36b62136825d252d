"""A lost send is sent once more when the bridge looks it up."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._lost: dict[str, Batch] = {}

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        try:
            return super().send_batch(channel, batch)
        except OutcomeUnknown:
            self._lost[batch.ref] = batch
            raise

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        lost = self._lost.pop(batch.ref, None)
        if lost is not None:
            return self.send_batch(channel=channel, batch=lost)
        return super().reconcile_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
