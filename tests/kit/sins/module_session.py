"""A session of the module, with the key of whoever came last."""

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl
from bridge.plugin.http import Session

_HTTP = Session()


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        _HTTP.headers["X-Key"] = self._secret
        self._http = _HTTP


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
