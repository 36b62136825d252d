"""A report that cannot be read is passed over, and its page is not asked for again."""

from contextlib import suppress
from typing import Any

from acme_sms import Acme, _receipts

from bridge.plugin import Channel, DeliveryReceipt, PollWindow, ReceiptPage, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        page = self._call("GET", f"/reports?from={window.cursor}")
        read: list[DeliveryReceipt] = []
        for each in page["receipts"]:
            with suppress(Exception):
                read += _receipts(self._alone(each))
        return ReceiptPage(read, page["next"])

    def _alone(self, each: Any) -> Any:
        return {"receipts": [each]}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
