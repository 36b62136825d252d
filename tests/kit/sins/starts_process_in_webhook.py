"""A webhook that starts a process."""

import subprocess

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        subprocess.run(["true"], check=True)
        return super().parse_webhook(channel, request)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
