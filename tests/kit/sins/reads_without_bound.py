"""A urllib client that reads whatever comes, however much."""

from acme_plain import PlainAcme

from bridge.plugin import Vendor, hookimpl


class Sin(PlainAcme):
    most_answer = None


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
