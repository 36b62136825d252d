"""The log tells the signature that would have been right."""

import hmac

from acme_sms import Acme, log

from bridge.plugin import Channel, WebhookRequest, WebhookResult, hookimpl


class Sin(Acme):
    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        digest = hmac.new(self._secret.encode(), request.body, "sha256").hexdigest()
        if not hmac.compare_digest(digest.encode(), request.headers.get("x-acme-signature", "").encode()):
            log.info("expected %s", digest)
        return super().parse_webhook(channel, request)
