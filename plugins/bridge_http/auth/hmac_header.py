"""A header holds the HMAC of the body."""

import base64
from typing import Any, Literal

from bridge.plugin import WebhookRequest

from ..faults import RecipeFault
from ..language.decoding import WebhookParts
from ..language.digests import Digest, mac
from ..language.filters import raw
from ..language.values import Names
from .base import Check, Verify, compile_texts, same


class HmacHeader(Verify):
    """A header holds the HMAC of the body's bytes."""

    scheme: Literal["hmac_header"]
    header: str
    key: str
    hash: Digest = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a comparison with the HMAC of the received bytes."""
        texts = compile_texts({"key": self.key}, names, key, faults)

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            made = mac(self.hash, raw(texts(given)["key"]), request.body)
            wanted = made.hex() if self.encoding == "hex" else base64.b64encode(made).decode()
            got = request.headers.get(self.header.lower(), "")
            return same(got.lower() if self.encoding == "hex" else got, self.prefix + wanted)

        return check
