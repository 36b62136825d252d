"""Every hook, as a table (`rows`): what goes over the wire, and what comes of it."""

from dataclasses import replace
from unittest.mock import ANY
from urllib.parse import parse_qsl

from bridge.plugin import BridgeError, WebhookRequest
from bridge.testing import Send, VendorTests, Webhook
from bridge_twilio import codes

from .emulator import Emulator
from .emulator.account import AUTH_TOKEN
from .emulator.callbacks import signature
from .rows import ROWS
from .rows.wire import callback, failed, one, post
from .samples import settings

STATUSES = {word: status if status.final else None for word, status in codes.STATUS.items()}
ERRORS: dict[str, type[BridgeError]] = {
    str(code): type(fault.consequence.error("x")) for code, fault in codes.SUBMIT.items()
}
LOCAL = dict.fromkeys(
    ("query_digital_template refusal", "delete_digital_template refusal"),
    "Twilio keeps nothing of a digital template.",
)


def quiet() -> Emulator:
    """Twilio without callbacks of its own accord."""
    emulator = Emulator()
    emulator.callbacks.fates.automatic = False
    return emulator


class TestTwilio(VendorTests):
    """SMS and MMS by a messaging service; rows about Content and WhatsApp say so in their settings."""

    vendor = "twilio"
    settings = settings(base_url="{url}")
    cases = ROWS
    emulator = staticmethod(quiet)
    statuses = STATUSES
    errors = ERRORS
    local = ("query_digital_template", "delete_digital_template")
    impossible = LOCAL
    public_settings = {"api_key": "it is the id of an API key (SK...); the secret is api_secret"}

    def sign(self, request: WebhookRequest) -> WebhookRequest:
        fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        signed = signature(AUTH_TOKEN, request.url, fields)
        return replace(request, headers={**request.headers, "x-twilio-signature": signed})

    def status_row(self, status: str) -> Webhook:
        return Webhook(status, callback(status))

    def error_row(self, code: str) -> Send:
        status = {20003: 401, 20404: 404, 20429: 429}.get(int(code), 400)
        return Send(code, [post("m1", "+8613800138000", failed(int(code), status), Body=ANY)], batch=one())
