"""Random numbers of the whole process begin anew."""

import random

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        random.seed(7)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
