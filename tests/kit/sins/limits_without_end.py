"""A call of a thousand million messages."""

from acme_sms import Acme

from bridge.plugin import Limits, Vendor, hookimpl


class Sin(Acme):
    limits = Limits(messages=10**9)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
