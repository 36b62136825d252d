"""A helper is told the number in its environment."""

import subprocess
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        subprocess.run(["true"], env={"TO": batch.messages[0].phone.e164}, check=False)
        return super().send_batch(channel, batch)
