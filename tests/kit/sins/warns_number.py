"""A number in a warning."""

import warnings
from collections.abc import Sequence
from contextlib import suppress

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with suppress(UserWarning):
            warnings.warn(f"sending to {batch.messages[0].phone.e164}", stacklevel=1)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
