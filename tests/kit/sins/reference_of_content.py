"""A reference made of numbers and texts: the same campaign once more is taken for a repeat."""

import hashlib
from typing import Any

from acme_sms import Acme
from test_acme import post, sent

from bridge.plugin import Batch, Vendor, hookimpl
from bridge.testing import Send


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        told = "".join(message.phone.digits + message.text for message in batch.messages)
        return super()._body(batch) | {"ref": hashlib.sha256(told.encode()).hexdigest()[:16]}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


TABLE = {"cases": [Send("accepted", post(sent({"id": "a1"}, {"id": "a2"})), ["a1", "a2"])]}
