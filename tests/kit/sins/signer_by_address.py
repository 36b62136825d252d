"""A signer kept by address: the second account at it signs with the first one's secret."""

import functools
import hmac
from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import OutcomeUnknown, Vendor, hookimpl
from bridge.plugin.http import raise_for_status, translated

_SECRETS: dict[str, str] = {}


@functools.lru_cache
def _signer(address: str) -> Any:
    return hmac.new(_SECRETS[address].encode(), digestmod="sha256")


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        _SECRETS.setdefault(self._base, self._secret)
        signing = _signer(self._base).copy()
        signing.update(f"{method} {path}".encode())
        with translated():
            signed = {"X-Sign": signing.hexdigest()}
            response = self._http.request(method, self._base + path, json=body, headers=signed)
            raise_for_status(response)
            answer = response.json()
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
