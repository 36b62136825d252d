"""A header holds an Ed25519 signature (Telnyx)."""

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import Field

from bridge.plugin import WebhookRequest

from ..faults import RecipeFault
from ..language.decoding import WebhookParts
from ..language.filters import raw
from ..language.values import Names
from .base import REQUEST_NAMES, Check, Verify, compile_texts, view


class Ed25519(Verify):
    """A header holds the Ed25519 signature, in base64, of an expression.

    `key` is the public key in base64. With `time`, the header of the moment in unix seconds, a webhook counts
    for `within_s` seconds before and after it.
    """

    scheme: Literal["ed25519"]
    header: str
    key: str
    signed: str
    time: str = ""
    within_s: Annotated[int, Field(ge=1)] = 300

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a check of the signature and its time."""
        texts = compile_texts({"key": self.key, "signed": self.signed}, names, key, faults, REQUEST_NAMES)

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            if self.time and not self._fresh(request.headers.get(self.time.lower(), ""), given["now"]):
                return False
            values = texts({**given, **view(request, source, document)})
            signature = _bytes(request.headers.get(self.header.lower(), ""))
            return _holds(_bytes(values["key"]), signature, raw(values["signed"]))

        return check

    def _fresh(self, moment: str, now: int) -> bool:
        return moment.isascii() and moment.isdigit() and abs(int(moment) - now) <= self.within_s


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _holds(key: bytes, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
