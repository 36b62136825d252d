"""Everybody's connections go over IPv4 alone."""

import socket
from collections.abc import Sequence

import urllib3
from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        urllib3.util.connection.allowed_gai_family = lambda: socket.AF_INET
        return super().send_batch(channel, batch)
