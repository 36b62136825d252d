"""A module that an answer names is imported."""

import importlib
from typing import Any

from acme_sms import Acme


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = super()._call(method, path, body)
        importlib.import_module(str(answer.get("reader", "json")))
        return answer
