"""A urllib3 pool that is told to verify nothing."""

import json
from typing import Any

import urllib3
from acme_plain import PlainAcme
from acme_sms import ERRORS

from bridge.plugin import OutcomeUnknown, Vendor, VendorUnavailable, hookimpl

urllib3.disable_warnings()


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        pool = urllib3.PoolManager(timeout=10, retries=False, cert_reqs="CERT_NONE")
        data = None if body is None else json.dumps(body)
        headers = {"X-Key": self._secret, "Content-Type": "application/json"}
        try:
            response = pool.request(method, self._base + path, body=data, headers=headers)
            answer = json.loads(response.data) if response.status == 200 else {"code": "lost"}
        except urllib3.exceptions.HTTPError as error:
            if isinstance(getattr(error, "reason", error), urllib3.exceptions.NewConnectionError):
                raise VendorUnavailable("Acme is away.") from None
            raise OutcomeUnknown("Acme's answer is lost.") from None
        except ValueError:
            raise OutcomeUnknown("Acme's answer is no JSON.") from None
        if isinstance(answer, dict) and str(answer.get("code")) == "0":
            return answer
        code = str(answer.get("code")) if isinstance(answer, dict) else "?"
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
