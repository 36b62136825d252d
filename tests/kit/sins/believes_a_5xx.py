"""An answer that looks like a success is believed, whatever its status."""

from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import OutcomeUnknown
from bridge.plugin.http import raise_for_status, translated


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        with translated():
            response = self._http.request(method, self._base + path, json=body)
            try:
                answer = response.json()
            except ValueError:
                answer = {}
            if not isinstance(answer, dict) or answer.get("code") != 0:
                raise_for_status(response)
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)
