"""Everybody's dates are written otherwise."""

import email.utils
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        email.utils.formatdate = lambda *args, **kwargs: "now"
        return super().send_batch(channel, batch)
