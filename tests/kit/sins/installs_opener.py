"""An opener for the whole process."""

import urllib.request

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        urllib.request.install_opener(urllib.request.build_opener())


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
