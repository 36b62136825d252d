"""A success that comes with the hint to slow down is taken for a refusal, and sent again."""

from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import OutcomeUnknown, VendorThrottled
from bridge.plugin.http import raise_for_status, translated


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        with translated():
            response = self._http.request(method, self._base + path, json=body)
            if "Retry-After" in response.headers and response.status_code < 500:
                raise VendorThrottled("Acme is busy.", code="BUSY")
            raise_for_status(response)
            answer = response.json()
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)
