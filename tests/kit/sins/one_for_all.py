"""One object for all channels."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    _one: Any = None

    def __new__(cls, channel: Channel) -> Any:
        cls._one = cls._one or object.__new__(cls)
        return cls._one


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
