"""A connection in a webhook."""

import contextlib
import socket

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), 0.1).close()
        return super().parse_webhook(channel, request)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
