"""Any status but 200 counts as not taken, also 202."""

from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import OutcomeUnknown, VendorUnavailable
from bridge.plugin.http import raise_for_status, translated


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        with translated():
            response = self._http.request(method, self._base + path, json=body)
            raise_for_status(response)
            if response.status_code != 200:
                raise VendorUnavailable("Acme has not taken the messages.", code="STATUS")
            answer = response.json()
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)
