"""A webhook asks elsewhere, by a socket that is not Python's own."""

import _socket

from acme_sms import Acme

from bridge.plugin import Channel, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        line = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        line.settimeout(0.1)
        line.connect_ex(("127.0.0.1", 9))
        line.close()
        return super().parse_webhook(channel, request)
