"""The numbers of the last batch in the log, written when the process stops."""

import logging
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

log = logging.getLogger("sin")


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        self._batch = batch
        return super().send_batch(channel, batch)

    def close(self) -> None:
        if self._batch is not None:
            log.info("last: %s", [message.phone.e164 for message in self._batch.messages])
        super().close()


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
