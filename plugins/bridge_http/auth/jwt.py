"""A JWT that holds hashes of the request (MessageBird)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bridge.plugin import WebhookRequest

from ..faults import RecipeFault
from ..language.decoding import WebhookParts
from ..language.filters import raw
from ..language.values import Names
from .base import Check, Verify, compile_texts


class Jwt(Verify):
    """A header holds a JWT whose claims hash the URL and the body.

    It counts when it is signed by an HMAC of `algorithms`; no other kind is ever taken.
    """

    scheme: Literal["jwt"]
    header: str
    key: str
    issuer: str = ""
    algorithms: list[Literal["HS256", "HS384", "HS512"]] = ["HS256", "HS384", "HS512"]

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a check of the signature, the time and both hashes."""
        texts = compile_texts({"key": self.key}, names, key, faults)

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            token = request.headers.get(self.header.lower(), "")
            claims = _claims(token, raw(texts(given)["key"]), self.algorithms)
            if claims is None or (self.issuer and claims.get("iss") != self.issuer):
                return False
            if not _in_time(claims, given["now"]):
                return False
            body = hashlib.sha256(request.body).hexdigest() if request.body else None
            url = hashlib.sha256(request.url.encode()).hexdigest()
            return claims.get("url_hash") == url and claims.get("payload_hash") == body

        return check


def _in_time(claims: Mapping[str, Any], now: int) -> bool:
    begins, ends = claims.get("nbf"), claims.get("exp")
    if not isinstance(begins, int | float) or not isinstance(ends, int | float):
        return False
    return begins - 1 <= now <= ends + 1


def _claims(token: str, key: bytes, algorithms: Sequence[str]) -> dict[str, Any] | None:
    """Read the claims of a JWT.

    Returns None unless it is signed with this key by one of the algorithms.
    """
    head, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    try:
        algorithm = json.loads(_unpadded(head)).get("alg")
        if algorithm not in algorithms:
            return None
        wanted = hmac.digest(key, f"{head}.{payload}".encode(), algorithm.replace("HS", "sha"))
        if not hmac.compare_digest(_unpadded(signature), wanted):
            return None
        claims = json.loads(_unpadded(payload))
    except (ValueError, binascii.Error, AttributeError):
        return None
    return claims if isinstance(claims, dict) else None


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
