"""The number is a part of a name that is looked up."""

import socket
from collections.abc import Sequence
from contextlib import suppress

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with suppress(OSError):
            socket.gethostbyname(f"{batch.messages[0].phone.digits}.invalid")
        return super().send_batch(channel, batch)
