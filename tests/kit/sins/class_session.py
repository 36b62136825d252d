"""A session that all channels share."""

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl
from bridge.plugin.http import Session


class Sin(Acme):
    _shared: Session | None = None

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        if Sin._shared is None:
            Sin._shared = Session()
            Sin._shared.headers["X-Key"] = self._secret
        self._http = Sin._shared


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
