"""A status that begins as a listed one is taken for that one."""

from dataclasses import replace

from acme_sms import STATUSES, Acme

from bridge.plugin import Channel, DeliveryReceipt, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        result = super().parse_webhook(channel, request)
        return replace(result, receipts=[_guessed(each) for each in result.receipts])


def _guessed(receipt: DeliveryReceipt) -> DeliveryReceipt:
    found = [status for word, status in STATUSES.items() if receipt.code.startswith(word)]
    return receipt._replace(status=found[0]) if found else receipt
