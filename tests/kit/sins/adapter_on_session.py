"""An adapter with retries on the session of bridge.plugin.http."""

from acme_sms import Acme
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http.mount("https://", HTTPAdapter(max_retries=Retry(3, allowed_methods=None)))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
