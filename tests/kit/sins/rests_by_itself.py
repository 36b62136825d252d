"""After three refusals the vendor is not called for a while."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Vendor, VendorThrottled, VendorUnavailable, hookimpl


class Sin(Acme):
    refused = 0

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        if self.refused >= 3:
            raise VendorUnavailable("Acme rests.")
        try:
            answer = super()._call(method, path, body)
        except VendorThrottled:
            self.refused += 1
            raise
        self.refused = 0
        return answer


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
