"""A file that is opened at the beginning, and whose numbers arrive there at the end."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._kept = (Path(tempfile.gettempdir()) / "acme-kept.txt").open("w")

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        self._kept.write(batch.messages[0].phone.digits)
        return super().send_batch(channel, batch)

    def close(self) -> None:
        self._kept.close()
        super().close()


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
