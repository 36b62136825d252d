"""Messages go out in the order of their numbers, and so come the results; no `campaign_answer` tells."""

from collections.abc import Sequence
from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl
from bridge.testing.table.declared import VendorFacts

TABLE = {"campaign_answer": VendorFacts.campaign_answer}


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        messages = tuple(sorted(batch.messages, key=lambda message: message.phone.digits))
        return super().send_batch(channel, replace(batch, messages=messages))
