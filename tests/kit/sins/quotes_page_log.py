"""The vendor's page in the log: it shows the request."""

import logging
from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import OutcomeUnknown, Vendor, hookimpl
from bridge.plugin.http import raise_for_status, translated

log = logging.getLogger("sin")


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        with translated():
            response = self._http.request(method, self._base + path, json=body)
            if response.status_code >= 500:
                log.warning("Acme said: %s", response.text)
                raise OutcomeUnknown("Acme is in trouble.")
            raise_for_status(response)
            answer = response.json()
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
