"""A code that nobody lists is taken for a refusal."""

from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import BridgeError, VendorRejected


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super()._call(method, path, body)
        except BridgeError as error:
            if error.code.isdigit() and error.code not in ERRORS:
                raise VendorRejected("Acme refused the call.", code=error.code) from None
            raise
