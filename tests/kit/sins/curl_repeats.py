"""curl, which sends once more when the server is in trouble."""

from typing import ClassVar

from acme_curl import CurlAcme

from bridge.plugin import Vendor, hookimpl


class Sin(CurlAcme):
    options: ClassVar[list[str]] = ["--retry", "1", "--retry-delay", "1"]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
