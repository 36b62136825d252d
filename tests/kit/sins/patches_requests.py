"""Every request of the process gets a header."""

import requests
from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl

_prepare = requests.Session.prepare_request


def _marked(self: requests.Session, request: requests.Request) -> requests.PreparedRequest:
    request.headers["X-Acme"] = "1"
    return _prepare(self, request)


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        requests.Session.prepare_request = _marked  # type: ignore[method-assign]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
