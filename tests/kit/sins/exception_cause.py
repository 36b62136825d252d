"""A number in the cause of an exception."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, BridgeError, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        try:
            return super().send_batch(channel, batch)
        except BridgeError as error:
            raise error from RuntimeError(batch.messages[0].phone.e164)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
