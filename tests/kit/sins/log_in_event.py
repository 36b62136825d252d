"""The last text in the log, written when an event is told."""

import logging
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, Event, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        self._batch = batch
        return super().send_batch(channel, batch)

    @hookimpl
    def on_event(self, event: Event) -> None:
        if self._batch is not None:
            logging.getLogger("sin").info("%s after %s", event.name, self._batch.messages[0].text)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
