"""The bridge waits while the channel is opened."""

import time

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        time.sleep(20)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
