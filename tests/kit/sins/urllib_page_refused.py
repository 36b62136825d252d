"""A urllib client that takes what is no JSON for a refusal."""

from acme_plain import PlainAcme

from bridge.plugin import BridgeError, Vendor, VendorRejected, hookimpl


class Sin(PlainAcme):
    def _meaning(self, error: Exception) -> BridgeError:
        if isinstance(error, ValueError):
            return VendorRejected("Acme refused.")
        return super()._meaning(error)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
