"""A key that lies in the environment of the process."""

import os
from typing import Any

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        os.environ["ACME_KEY"] = self._secret

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        self._http.headers["X-Key"] = os.environ["ACME_KEY"]
        return super()._call(method, path, body)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
