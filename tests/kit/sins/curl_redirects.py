"""curl, which follows redirects."""

from typing import ClassVar

from acme_curl import CurlAcme

from bridge.plugin import Vendor, hookimpl


class Sin(CurlAcme):
    options: ClassVar[list[str]] = ["-L"]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
