"""A reference drawn out of a million."""

import secrets
from typing import Any

from acme_sms import Acme
from test_acme import post, sent

from bridge.plugin import Batch, Vendor, hookimpl
from bridge.testing import Send


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        return super()._body(batch) | {"ref": f"{secrets.randbelow(1_000_000):06d}"}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


TABLE = {"cases": [Send("accepted", post(sent({"id": "a1"}, {"id": "a2"})), ["a1", "a2"])]}
