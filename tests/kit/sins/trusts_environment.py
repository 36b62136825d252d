"""The environment's proxies are obeyed."""

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http.trust_env = True


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
