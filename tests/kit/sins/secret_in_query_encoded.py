"""The key stands in the query in base64, as if that hid it."""

import base64
from typing import Any

from acme_sms import Acme


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        key = base64.urlsafe_b64encode(self._secret.encode()).decode()
        return super()._call(method, f"{path}{'&' if '?' in path else '?'}auth={key}", body)
