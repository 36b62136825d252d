"""The environment's proxies are asked for by hand."""

import urllib.request

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http.proxies = urllib.request.getproxies()


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
