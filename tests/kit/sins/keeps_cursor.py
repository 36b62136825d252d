"""Where polling goes on stands in the vendor object."""

from dataclasses import replace

from acme_sms import Acme

from bridge.plugin import Channel, PollWindow, ReceiptPage, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._next = ""

    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        page = super().poll_receipts(channel, replace(window, cursor=self._next or window.cursor))
        self._next = page.cursor
        return page


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
