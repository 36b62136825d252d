"""A secret in the log, written when the channel is opened."""

import logging

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        logging.getLogger("sin").info("signing in as %s", self._secret)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
