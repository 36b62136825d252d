"""Silver, about genuine webhooks: taken however their JSON is written, and for as long as they are fresh."""

import json
import time
from dataclasses import replace
from unittest.mock import patch

from bridge.plugin import WebhookRejected, WebhookRequest

from ..play.row import play
from ..table.cases import Webhook
from .climbing import rule
from .vendor_table import VendorTable

_LONG_AGO_S = 86_400


class Genuine(VendorTable):
    """Rules of the middle rung about webhooks that the vendor has signed."""

    @rule("silver")
    def test_a_webhook_is_verified_as_it_came(self, genuine_row: Webhook) -> None:
        """The signature is of the bytes that came: other blanks and another order are as genuine."""
        body = _rewritten(genuine_row.request.body)
        if body is None or self.unsigned_webhooks:
            return
        request = replace(genuine_row.request, body=body)
        with self.wire([genuine_row]) as wire, self.stage(wire, genuine_row) as stage:
            one = play(stage, wire, genuine_row, request=self.sign(genuine_row.request))
            other = play(stage, wire, genuine_row, request=self.sign(request))
        assert repr(one.answer) == repr(other.answer), (
            f"{genuine_row.id!r}, its JSON written with other blanks and signed so, came to "
            f"{other.error or other.answer!r}: make the digest of request.body, not of what was parsed"
        )

    @rule("silver")
    def test_an_old_webhook_is_refused(self, genuine_row: Webhook) -> None:
        """Where the vendor signs the time, a webhook of yesterday is nobody's but a listener's."""
        with patch.object(time, "time", lambda now=time.time: now() - _LONG_AGO_S):
            old = self.sign(genuine_row.request)
            signed = _holds_time(old)
        if not signed or self.unsigned_webhooks:
            return
        if self.replayed_webhooks:
            self.not_proven(f"old webhooks are refused: {self.replayed_webhooks}")
            return
        played = self.play(genuine_row, request=old)
        assert isinstance(played.error, WebhookRejected), (
            f"{genuine_row.id!r}, signed a day ago, came to {played.error or played.answer!r}: look at the "
            "time that the vendor signs, or say in `replayed_webhooks` of the table why it must be taken"
        )


def _rewritten(body: bytes) -> bytes | None:
    """Return the same JSON with other blanks, escapes and order; None for anything else."""
    try:
        page = json.loads(body)
    except ValueError:
        return None
    if isinstance(page, dict):
        page = dict(reversed(page.items()))
    return json.dumps(page, indent=1).encode()


def _holds_time(request: WebhookRequest) -> bool:
    """Return True when a webhook holds this moment as a unix time, by the clock as it is now."""
    now = int(time.time())
    told = f"{request.url} {request.headers} {request.body.decode('utf-8', 'replace')}"
    return any(str(now - ago) in told for ago in range(3))
