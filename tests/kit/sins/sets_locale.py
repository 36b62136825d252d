"""The language of the whole process is changed."""

import locale

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        locale.setlocale(locale.LC_ALL, "C.UTF-8")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
