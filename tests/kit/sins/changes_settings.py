"""The settings are changed."""

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        channel.settings.__dict__["poll"] = True


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
