"""A key that lies in the class."""

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        Sin._secret = self.__dict__.pop("_secret")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
