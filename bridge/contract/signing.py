"""The signature on every call, in both directions.

It covers the key, the timestamp and the nonce, but neither method, path nor body, and the three are sorted
and joined without delimiters: other timestamp and nonce pairs carry the same signature. So both are held to
their exact form here, and replays are recognised by the signature alone (see `bridge.web.guards`).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from .refusal import Refusal, forbidden, unauthorized

HEADER = "X-QA-Hmac-Signature"

# Java's \s knows ASCII only; a Unicode-aware \s would strip U+3000 from a key and disagree.
_BLANKS = re.compile(r"\s+", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{10}(?:[0-9]{3})?")
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")


def sign(key: str, timestamp: str, nonce: str) -> str:
    """The lower-case hex signature of the contract's own Java code; raises ValueError for an empty key."""
    if not key:
        raise ValueError("a signature needs a key")
    # Arrays.sort compares UTF-16 units; Java encodes a lone surrogate as "?".
    parts = sorted((key, timestamp, nonce), key=lambda part: part.encode("utf-16-be", "surrogatepass"))
    text = _BLANKS.sub("", "".join(parts))
    return hmac.new(
        key.encode("utf-8", "replace"), text.encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()


def fresh(key: str, now: datetime) -> tuple[dict[str, str], str]:
    """New query parameters and the value of the signature header, which is "" without a key."""
    query = {"timestamp": str(int(now.timestamp())), "nonce": secrets.token_hex(16)}
    return query, sign(key, query["timestamp"], query["nonce"]) if key else ""


def verify(
    key: str, query: Sequence[tuple[str, str]], header: str | None, now: datetime, skew_s: float
) -> str:
    """Check a request and return its signature, by which replays are recognised.

    `query` holds every decoded parameter in order, repeats included. An empty `key` means that
    authentication is off: nothing is checked and "" comes back. Raises a 401 Refusal for a missing,
    repeated or malformed parameter and for a wrong signature, and a 403 one when the timestamp is more
    than `skew_s` seconds away from `now`.
    """
    if not key:
        return ""
    timestamp = _only(query, "timestamp", _TIMESTAMP, "must be the time in seconds (10 digits)")
    nonce = _only(query, "nonce", _NONCE, "must be 8 to 64 letters, digits, hyphens or underscores")
    if not header:
        raise unauthorized(f"The request is not signed: the header {HEADER} is missing or empty.")
    expected = sign(key, timestamp, nonce)
    given = header.strip().lower()
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise unauthorized("The signature is wrong: check that both sides use the same key.")
    _check_age(timestamp, now, skew_s)
    return expected


def _only(query: Sequence[tuple[str, str]], name: str, form: re.Pattern[str], rule: str) -> str:
    values = [value for key, value in query if key == name]
    if not values or values == [""]:
        raise unauthorized(f"The URL parameter {name} is missing.")
    if len(values) > 1:
        raise unauthorized(f"The URL parameter {name} is given more than once.")
    if form.fullmatch(values[0]) is None:
        raise unauthorized(f"The URL parameter {name} {rule}.")
    return values[0]


def _check_age(timestamp: str, now: datetime, skew_s: float) -> None:
    seconds = int(timestamp) / (1000 if len(timestamp) == 13 else 1)
    distance = now.timestamp() - seconds
    if abs(distance) > skew_s:
        side = "old" if distance > 0 else "far in the future"
        raise forbidden(f"The timestamp is too {side}: at most {skew_s:g} seconds of difference are allowed.")


__all__ = ["HEADER", "Refusal", "fresh", "sign", "verify"]
