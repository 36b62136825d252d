"""What a vendor quotes back at us reaches nobody: no secret in any form, no phone number."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import BridgeError, TemplateType, TextTemplate, WebhookRequest
from bridge_http.vendor import HttpVendor

from .making import HEAD, SEND, Script, answer, batch_of, vendor_for

KEY = "s3cret/key+1"
TABLES = """
[operations.send_batch.response.items]
path = "body.list"
match = "index"
ok = [{ path = "ok", in = ["true"] }]
code = "code"
message = "message"
[operations.query_template.request]
path = "/template"
[operations.query_template.response]
accepted = [{ path = "body.ok", in = ["true"] }]
code = "body.code"
message = "body.message"
status = "body.state"
reason = "body.message"
status_map = { no = "rejected" }
[webhooks.receipt]
allow_unsigned = true
decode = ["json"]
items = { id = "id", status = "state", message = "message" }
status = { bad = "failed" }
[webhooks.template]
allow_unsigned = true
decode = ["json"]
items = { id = "id", status = "state", message = "message" }
status = { no = "rejected" }
"""
TEMPLATE = TextTemplate("T1", "Sale", "Hi", TemplateType.PROMOTION, sign_name="Acme", vendor_code="V1")
QUOTED = [
    KEY,
    "s3cret%2Fkey%2B1",
    base64.b64encode(KEY.encode()).decode(),
    hashlib.md5(KEY.encode()).hexdigest(),
    "13800138000",
]


def hook(vendor: HttpVendor, tail: str, body: dict[str, str]) -> Any:
    """Return what a webhook says."""
    url = f"https://sms.example.com/hooks/promo/token{tail}"
    request = WebhookRequest("POST", url, tail, b"", {}, json.dumps(body).encode())
    return vendor.parse_webhook(vendor.channel, request)


def told(vendor: HttpVendor, place: str, message: str) -> str:
    """Return the sentence that becomes of the vendor's, wherever it stood."""
    if place in ("call", "item"):
        (result,) = vendor.send_batch(vendor.channel, batch_of({"name": "a"}))
        return result.reason
    if place == "review":
        return vendor.query_template(vendor.channel, TEMPLATE).reason
    if place == "error":
        with pytest.raises(BridgeError) as caught:
            vendor.query_template(vendor.channel, TEMPLATE)
        return str(caught.value)
    body = {"id": "1", "message": message}
    if place == "receipt":
        return str(hook(vendor, "/receipt", {**body, "state": "bad"}).receipts[0].reason)
    return str(hook(vendor, "/template", {**body, "state": "no"}).reviews[0].review.reason)


ANSWERS: dict[str, dict[str, Any]] = {
    "call": {"ok": False, "code": "7"},
    "item": {"ok": True, "list": [{"code": "7"}]},
    "review": {"ok": True, "state": "no"},
    "error": {"ok": False, "code": "7"},
    "receipt": {},
    "event": {},
}


@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize("place", sorted(ANSWERS))
def test_a_sentence_that_quotes_us_is_shown_without(tmp_path: Path, place: str, quoted: str) -> None:
    """The rest of it stays readable."""
    message = f"no access with {quoted} here"
    given = {**ANSWERS[place], "message": message}
    if place == "item":
        given["list"] = [{"code": "7", "message": message}]
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND + TABLES, encoding="utf-8")
    vendor = vendor_for(path, Script(answer(json.dumps(given))), secrets={"key": KEY})
    shown = told(vendor, place, message)
    assert quoted not in shown
    assert "no access with " in shown
    assert " here" in shown
