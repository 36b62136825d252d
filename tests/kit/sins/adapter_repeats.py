"""An adapter with retries on a session of `requests`."""

import requests
from acme_sms import Acme
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http = requests.Session()  # type: ignore[assignment]
        self._http.trust_env = False
        self._http.headers["X-Key"] = self._secret
        retries = Retry(3, allowed_methods=None, status_forcelist=[502])
        self._http.mount("http://", HTTPAdapter(max_retries=retries))
        self._http.mount("https://", HTTPAdapter(max_retries=retries))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
