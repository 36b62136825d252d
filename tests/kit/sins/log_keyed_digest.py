"""A digest under the account's secret."""

import hmac
import logging
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl

log = logging.getLogger("sin")


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        number = batch.messages[0].phone.digits
        log.info(hmac.new(self._secret.encode(), number.encode(), "sha256").hexdigest())
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
