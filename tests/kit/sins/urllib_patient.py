"""A urllib client that waits ten minutes."""

from acme_plain import PlainAcme

from bridge.plugin import Vendor, hookimpl


class Sin(PlainAcme):
    timeout = 600.0


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
