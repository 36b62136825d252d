"""A receipt's time is taken for the host's."""

from dataclasses import replace
from datetime import UTC, datetime

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        page = super().parse_webhook(channel, request)
        return replace(
            page, receipts=[each._replace(at=datetime(2026, 11, 2, 4).astimezone()) for each in page.receipts]
        )


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


AT = datetime(2026, 11, 2, 4, tzinfo=UTC)
"""What Acme means: a host in this zone would see nothing."""
