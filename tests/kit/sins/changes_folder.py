"""The process moves to another folder."""

import os

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        os.chdir("/")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
