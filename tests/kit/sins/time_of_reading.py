"""A receipt's time is the moment at which it is read, whatever the vendor says."""

from dataclasses import replace
from datetime import UTC, datetime

from acme_sms import Acme

from bridge.plugin import Channel, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        found = super().parse_webhook(channel, request)
        now = datetime.now(UTC)
        return replace(found, receipts=[each._replace(at=now) for each in found.receipts])
