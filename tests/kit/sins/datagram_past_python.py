"""The number goes to a counter of this host, by a socket that is not Python's own."""

import _socket
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        line = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
        line.sendto(batch.messages[0].phone.e164.encode(), ("127.0.0.1", 8125))
        line.close()
        return super().send_batch(channel, batch)
