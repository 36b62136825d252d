"""Retries of every client in the process are changed."""

import urllib3
from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        urllib3.Retry.DEFAULT_BACKOFF_MAX = 1


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
