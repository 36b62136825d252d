"""Plivo's signatures of messaging webhooks (docs.plivo.com, signature-validation; plivo 4.63.0; 2026-11)."""

import base64
import hmac
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qs

from bridge.plugin import WebhookRequest

from ..faults import RecipeFault
from ..language.decoding import WebhookParts
from ..language.filters import raw
from ..language.values import Names
from .base import Check, Verify, compile_texts, same

_V2 = "x-plivo-signature-v2"
_MAIN_V2 = "x-plivo-signature-ma-v2"
_V3 = "x-plivo-signature-v3"


class Plivo(Verify):
    """Signature V2 over address and nonce, of the account's token or the main account's; else V3.

    Plivo's page says V2 for messages and V3 for voice; a push that carries V3 alone is checked by V3.
    """

    scheme: Literal["plivo"]
    key: str

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a check of the signatures that are there."""
        texts = compile_texts({"key": self.key}, names, key, faults)

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            token, headers = raw(texts(given)["key"]), request.headers
            if _V2 in headers or _MAIN_V2 in headers:
                nonce = headers.get("x-plivo-signature-v2-nonce", "")
                wanted = _signature(token, request.url.partition("?")[0] + nonce) if nonce else ""
                offers = [headers.get(_V2, ""), headers.get(_MAIN_V2, "")]
            else:
                nonce = headers.get(f"{_V3}-nonce", "")
                wanted = _signature(token, f"{_v3_text(request, source)}.{nonce}") if nonce else ""
                offers = [headers.get(_V3, "")]
            found = [offer.strip() for each in offers for offer in each.split(",")]
            return bool(wanted) and any(same(offer, wanted) for offer in found)

        return check


def _signature(token: bytes, text: str) -> str:
    return base64.b64encode(hmac.digest(token, text.encode(), "sha256")).decode()


def _v3_text(request: WebhookRequest, source: WebhookParts) -> str:
    """Return the address with its query in order, and behind a point the form's names and values in order."""
    address, _, query = request.url.partition("?")
    pairs = parse_qs(query, keep_blank_values=True)
    form = source.form_table() if request.method == "POST" else {}
    ordered = "&".join(f"{name}={value}" for name in sorted(pairs) for value in sorted(pairs[name]))
    text = f"{address}?{ordered}" if ordered or form else address
    if form and ordered:
        text += "."
    return text + _joined(form)


def _joined(form: Mapping[str, Any]) -> str:
    values = {name: value if isinstance(value, list) else [value] for name, value in form.items()}
    return "".join(f"{name}{value}" for name in sorted(values) for value in sorted(values[name]))
