"""The key in what an operator reads of the account."""

from acme_sms import Acme

from bridge.plugin import Channel, Health, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        return Health(f"{self._call('GET', '/account')['balance']} messages left for {self._secret}")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
