"""A header kept in a module, whoever asks."""

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl

_KEYS: dict[str, str] = {}


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._http.headers["X-Key"] = _KEYS.setdefault(self._base[:4], self._secret)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
