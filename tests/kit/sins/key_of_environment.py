"""A key that is read from the environment, whatever the settings say."""

import os

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http.headers["X-Key"] = os.getenv("ACME_KEY") or self._secret


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
