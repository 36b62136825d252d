"""The time-out of all sockets of the process is changed."""

import socket

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        socket.setdefaulttimeout(600)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
