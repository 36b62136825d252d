"""What the vendor says is a format, and it is filled in with the plugin itself."""

from typing import Any

from acme_sms import ERRORS, Acme
from test_acme import TestAcme, post

from bridge.plugin import OutcomeUnknown, VendorRejected
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
        said = str(answer.get("text", "Acme refused the call.")).format(vendor=self, body=body)
        raise ERRORS.get(code, OutcomeUnknown)(said, code=code)


_SAYS = Reply(json={"code": 40, "text": "Nobody has this number."})
TABLE = {"cases": [Send("a sentence", post(_SAYS), VendorRejected, code="40"), *TestAcme.cases]}
