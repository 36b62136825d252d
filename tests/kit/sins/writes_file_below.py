"""The text in a file, past Python's own files."""

import os
import tempfile
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        name = f"{tempfile.gettempdir()}/acme-sent.bin"
        file = os.open(name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.write(file, batch.messages[0].text.encode())
        os.close(file)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
