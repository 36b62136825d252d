"""Results that are made when somebody asks for them."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        return (each for each in super().send_batch(channel, batch))  # type: ignore[return-value]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
