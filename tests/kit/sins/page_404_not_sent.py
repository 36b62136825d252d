"""A 404 page of a gateway is called not sent."""

from acme_plain import PlainAcme

from bridge.plugin import BridgeError, Vendor, VendorUnavailable, hookimpl

OVER = "http"


class Sin(PlainAcme):
    def _meaning(self, error: Exception) -> BridgeError:
        if getattr(error, "code", 0) == 404:
            return VendorUnavailable("Acme is away.")
        return super()._meaning(error)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
