"""The key stands in the query too, where every proxy logs it."""

from typing import Any

from acme_sms import Acme


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        return super()._call(method, f"{path}{'&' if '?' in path else '?'}key={self._secret}", body)
