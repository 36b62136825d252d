"""Prices of the thread are rounded to two digits."""

import decimal

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        decimal.getcontext().prec = 2


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
