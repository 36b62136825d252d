"""What the vendor says of itself is run as code."""

from acme_sms import Acme

from bridge.plugin import Channel, Health, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        return Health(str(eval(str(self._call("GET", "/account")["balance"]))))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
