"""A poll asks in the host's local time."""

from acme_sms import Acme, _receipts

from bridge.plugin import Channel, PollWindow, ReceiptPage, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        since = window.since.astimezone()
        page = self._call("GET", f"/reports?from={window.cursor}&since={since:%Y-%m-%dT%H:%M:%S}")
        return ReceiptPage(_receipts(page), page["next"])


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
