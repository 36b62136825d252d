"""A redirect is followed by hand."""

from typing import Any
from urllib.parse import urljoin

import requests
from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http.hooks["response"].append(self._follow)

    def _follow(self, response: requests.Response, **_: Any) -> requests.Response:
        if response.status_code != 307:
            return response
        assert response.request.url is not None
        response.request.url = urljoin(response.request.url, response.headers["Location"])
        return self._http.send(response.request)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
