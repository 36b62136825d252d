"""A webhook makes any object it likes."""

import pickle
from typing import cast

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        if request.tail == "/pickled":
            return cast(WebhookResult, pickle.loads(request.body))
        return super().parse_webhook(channel, request)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
