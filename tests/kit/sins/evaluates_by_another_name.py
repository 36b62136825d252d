"""What the vendor answers is run as code, by another name of eval."""

import builtins
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

_READERS = {"answer": getattr(builtins, "ev" + "al")}


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        read = _READERS["answer"]
        read("1 + 1")
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
