"""The environment's proxy, read when the plugin is imported."""

import os

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl

_PROXY = os.environ.get("HTTPS_PROXY", "")


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        if _PROXY.startswith("https:"):
            self._http.proxies["https"] = _PROXY


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
