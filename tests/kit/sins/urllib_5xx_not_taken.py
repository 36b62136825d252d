"""A urllib client that takes a 5xx for "not taken"."""

import urllib.error

from acme_plain import PlainAcme

from bridge.plugin import BridgeError, Vendor, VendorUnavailable, hookimpl


class Sin(PlainAcme):
    def _meaning(self, error: Exception) -> BridgeError:
        if isinstance(error, urllib.error.HTTPError) and error.code >= 500:
            return VendorUnavailable("Acme is away.")
        return super()._meaning(error)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
