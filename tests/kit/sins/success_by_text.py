"""A success is found in the text of the answer, wherever it stands there."""

from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import OutcomeUnknown
from bridge.plugin.http import raise_for_status, translated


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        with translated():
            response = self._http.request(method, self._base + path, json=body)
            raise_for_status(response)
            answer = response.json()
        if '"code": 0' in response.text:
            return answer
        code = str(answer.get("code"))
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)
