"""A code that begins as a listed one is taken for that one."""

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
        code = str(answer.get("code"))
        if code == "0":
            return answer
        kinds = [kind for each, kind in ERRORS.items() if code.startswith(each)]
        raise (kinds[0] if kinds else OutcomeUnknown)("Acme refused the call.", code=code)
