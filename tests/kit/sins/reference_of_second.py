"""A reference made of the second in which it is sent."""

import time
from typing import Any

from acme_sms import Acme
from test_acme import post, sent

from bridge.plugin import Batch, Vendor, hookimpl
from bridge.testing import Send


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        return super()._body(batch) | {"ref": time.strftime("%Y%m%d%H%M%S")}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


TABLE = {"cases": [Send("accepted", post(sent({"id": "a1"}, {"id": "a2"})), ["a1", "a2"])]}
