"""A time-out of ten minutes."""

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http.timeout = (5.0, 600.0)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
