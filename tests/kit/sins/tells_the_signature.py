"""Whoever asks with a wrong signature is told the right one."""

import hmac

from acme_sms import Acme

from bridge.plugin import Channel, WebhookRejected, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        digest = hmac.new(self._secret.encode(), request.body, "sha256").hexdigest()
        if not hmac.compare_digest(digest.encode(), request.headers.get("x-acme-signature", "").encode()):
            raise WebhookRejected(f"The signature should be {digest}.")
        return super().parse_webhook(channel, request)
