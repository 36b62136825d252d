"""A number in the name of a file that is gone at once."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        file = Path(tempfile.gettempdir()) / f"acme-{batch.messages[0].phone.digits}.lock"
        file.touch()
        file.unlink()
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
