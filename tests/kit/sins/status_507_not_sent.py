"""Statuses of failure that few have seen are taken for a refusal of the vendor's."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import OutcomeUnknown, Vendor, VendorThrottled, hookimpl


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super()._call(method, path, body)
        except OutcomeUnknown as error:
            if error.code not in ("HTTP_505", "HTTP_507", "HTTP_508", "HTTP_511"):
                raise
            raise VendorThrottled("Acme is full.", code=error.code) from None


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
