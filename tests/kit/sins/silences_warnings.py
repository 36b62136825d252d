"""Warnings of the whole process are silenced."""

import warnings

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        warnings.simplefilter("ignore")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
