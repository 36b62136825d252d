"""The process may call deeper."""

import sys

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        sys.setrecursionlimit(sys.getrecursionlimit() + 100)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
