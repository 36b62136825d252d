"""Logging is set up for everybody."""

import logging

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        logging.basicConfig(level=logging.DEBUG)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
