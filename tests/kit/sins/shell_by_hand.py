"""Words of a message are given to a shell that it starts itself."""

import subprocess
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        subprocess.run(["/bin/sh", "-c", f"true {len(batch.messages)}"], check=False)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
