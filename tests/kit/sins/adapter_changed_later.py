"""The retries of an adapter that was mounted before."""

from typing import Any

import requests
from acme_sms import Acme
from urllib3 import Retry

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http = requests.Session()  # type: ignore[assignment]
        self._http.trust_env = False
        self._http.headers["X-Key"] = self._secret
        adapter: Any = self._http.get_adapter("http://acme")
        adapter.max_retries = Retry(total=None, read=2, allowed_methods=None)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
