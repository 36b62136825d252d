"""An adapter of `requests`, which knows no deadline, on the session of bridge.plugin.http."""

from acme_sms import Acme
from requests.adapters import HTTPAdapter

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http.mount("https://", HTTPAdapter())


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
