"""What the vendor says of a refusal goes into the reason as it came."""

from typing import Any

from acme_sms import ERRORS, Acme
from test_acme import TestAcme, post

from bridge.plugin import CredentialsRejected, OutcomeUnknown, Vendor, hookimpl
from bridge.plugin.http import raise_for_status, translated
from bridge.testing import Reply, Send


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        with translated():
            response = self._http.request(method, self._base + path, json=body)
            raise_for_status(response)
            answer = response.json()
        code = str(answer.get("code"))
        if code == "0":
            return answer
        reason = answer.get("message") or "Acme refused the call."
        raise ERRORS.get(code, OutcomeUnknown)(reason, code=code)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


_SAID = Reply(json={"code": 31, "message": "No money is left"})
TABLE = {"cases": [*TestAcme.cases, Send("said", post(_SAID), CredentialsRejected)]}
