"""A webhook that was seen before brings nothing."""

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._seen: set[bytes] = set()

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        if request.body in self._seen:
            return WebhookResult()
        result = super().parse_webhook(channel, request)
        self._seen.add(request.body)
        return result


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
