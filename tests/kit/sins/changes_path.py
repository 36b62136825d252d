"""Modules are looked for elsewhere."""

import sys

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        sys.path.insert(0, "/opt/acme")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
