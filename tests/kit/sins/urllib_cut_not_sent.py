"""A urllib client that takes a connection that breaks in the answer for one that never was."""

import http.client

from acme_plain import PlainAcme

from bridge.plugin import BridgeError, Vendor, VendorUnavailable, hookimpl


class Sin(PlainAcme):
    most_answer = None

    def _meaning(self, error: Exception) -> BridgeError:
        if isinstance(error, http.client.HTTPException):
            return VendorUnavailable("No contact.")
        return super()._meaning(error)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
