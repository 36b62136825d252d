"""A number in a note on an exception."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, BridgeError, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        try:
            return super().send_batch(channel, batch)
        except BridgeError as error:
            error.add_note(f"sending to {batch.messages[0].phone.e164}")
            raise


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
