"""The number goes to a counter of this host, by another function."""

import socket
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            number = batch.messages[0].phone.e164.encode()
            line.sendmsg([number], [], 0, ("127.0.0.1", 8125))
        return super().send_batch(channel, batch)
