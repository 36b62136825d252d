"""A reference made of the second and a number that begins anew with it."""

import itertools
import time
from typing import Any

from acme_sms import Acme
from test_acme import post, sent

from bridge.plugin import Batch, Channel, Vendor, hookimpl
from bridge.testing import Send


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._numbers = itertools.count(1)

    def _body(self, batch: Batch) -> dict[str, Any]:
        return super()._body(batch) | {"ref": f"{time.time():.0f}{next(self._numbers) % 500:03d}"}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


TABLE = {"cases": [Send("accepted", post(sent({"id": "a1"}, {"id": "a2"})), ["a1", "a2"])]}
