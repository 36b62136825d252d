"""Who has signed once is believed without a signature from then on, by his address."""

import json

from acme_sms import Acme, _receipts, _replies

from bridge.plugin import Acknowledgement, Channel, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._known: set[str] = set()

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        if request.remote_addr in self._known:
            page = json.loads(request.body)
            return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))
        found = super().parse_webhook(channel, request)
        self._known.add(request.remote_addr)
        return found
