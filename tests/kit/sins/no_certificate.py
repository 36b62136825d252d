"""Certificates are not verified."""

import requests
from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http = requests.Session()  # type: ignore[assignment]
        self._http.trust_env = False
        self._http.headers["X-Key"] = self._secret
        self._http.verify = False


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
