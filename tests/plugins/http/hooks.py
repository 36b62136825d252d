"""One webhook of a small recipe, and pushes to it."""

from pathlib import Path
from typing import Any

from bridge.plugin import WebhookRequest, WebhookResult
from bridge_http.answer.errors import VendorAnswer
from bridge_http.vendor import HttpVendor

from .making import HEAD, SEND, Script, vendor_for

HOOK = "https://sms.example.com/hooks/promo/token"
EVENT = '''
[webhooks.event]
{guard}
kind = "receipt"
decode = [{decode}]
{more}
[webhooks.event.items]
path = """{path}"""
id = "id"
phone = "phone"
status = "state"
[webhooks.event.status]
ok = "delivered"
'''


def recipe(more: str = "", guard: str = "allow_unsigned = true", **parts: str) -> str:
    """Return a recipe with one webhook."""
    parts = {"decode": '"json"', "path": "@", **parts}
    return HEAD + SEND + EVENT.format(guard=guard, more=more, **parts)


def vendor_with(tmp_path: Path, text: str, caller: Any = None, **settings: Any) -> HttpVendor:
    """Its vendor."""
    path = tmp_path / "acme.toml"
    path.write_text(text, encoding="utf-8")
    return vendor_for(path, caller or Script(VendorAnswer(500, {}, b"")), **settings)


def request(body: bytes | str = b"", query: str = "", **headers: str) -> WebhookRequest:
    """Return a push to the webhook; header names may be written with underscores."""
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{HOOK}/event" + (f"?{query}" if query else "")
    return WebhookRequest("POST", url, "/event", query.encode(), named, data)


def read(vendor: HttpVendor, given: WebhookRequest) -> WebhookResult:
    """Return what is made of it."""
    return vendor.parse_webhook(vendor.channel, given)


CONFIRM = """
[webhooks.event.confirm]
when = [{ path = "Type", in = ["SubscriptionConfirmation"] }]
url = "SubscribeURL"
hosts = ["sns.*.amazonaws.com"]
"""
ASKED = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336"
