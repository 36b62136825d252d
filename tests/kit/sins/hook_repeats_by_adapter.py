"""A session whose hook sends again after a 5xx, by the adapter itself."""

from typing import Any

import requests
from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._tried: list[Any] = []
        self._http.hooks["response"].append(self._again)

    def _again(self, response: requests.Response, **_: Any) -> requests.Response:
        if response.status_code < 500 or self._tried.count(response.request.body) > 1:
            return response
        self._tried.append(response.request.body)
        return self._http.get_adapter(self._base).send(response.request, timeout=(5, 20))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
