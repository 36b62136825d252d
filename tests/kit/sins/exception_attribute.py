"""A text kept on an exception, which trackers of errors send along."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, BridgeError, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        try:
            return super().send_batch(channel, batch)
        except BridgeError as error:
            error.sent = batch.messages[0].text  # type: ignore[attr-defined]
            raise


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
