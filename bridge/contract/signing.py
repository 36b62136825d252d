"""The signature on every call, in both directions.

It covers the key, the timestamp and the nonce, but neither method, path nor body, and the three are sorted
and joined without delimiters: other timestamp and nonce pairs carry the same signature. So both are held to
their exact form here, and replays are recognised by the signature alone (see `bridge.web.guards`).

Nor does it know a direction: whoever reads a callback of ours could send its signature back to us with a body
of his own. So the nonces of callbacks carry a mark that only a holder of the key can make or recognise, and
no request with such a nonce is served. Nothing need be stored for that, and it holds for every process and
for every other bridge with the same key.
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

# A marked nonce: a letter and 15 random digits, then their mark. It begins and ends with a letter, so that
# no digit of it can be counted to the timestamp, whichever of the two stands first in the signed text.
_MARKED = re.compile(r"(?=([a-f][0-9a-f]{15})([0-9a-f]{15}[a-f]))")
_PURPOSE = b"callback of the bridge\0"


def sign(key: str, timestamp: str, nonce: str) -> str:
    """Sign as the contract's own Java code does. Returns lower-case hex; ValueError for an empty key."""
    if not key:
        raise ValueError("a signature needs a key")
    # Arrays.sort compares UTF-16 units; Java encodes a lone surrogate as "?".
    parts = sorted((key, timestamp, nonce), key=lambda part: part.encode("utf-16-be", "surrogatepass"))
    text = _BLANKS.sub("", "".join(parts))
    return hmac.new(
        key.encode("utf-8", "replace"), text.encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()


def fresh(key: str, now: datetime) -> tuple[dict[str, str], str]:
    """Sign as Quick Audience does. Returns new query parameters and the signature, "" without a key."""
    return _signed(key, now, secrets.token_hex(16))


def fresh_callback(key: str, now: datetime) -> tuple[dict[str, str], str]:
    """Sign a callback: as `fresh`, with a nonce by which `verify` knows that the bridge made it.

    Returns new query parameters and the signature, "" without a key.
    """
    return _signed(key, now, _marked_nonce(key) if key else secrets.token_hex(16))


def _signed(key: str, now: datetime, nonce: str) -> tuple[dict[str, str], str]:
    query = {"timestamp": str(int(now.timestamp())), "nonce": nonce}
    return query, sign(key, query["timestamp"], nonce) if key else ""


def _marked_nonce(key: str) -> str:
    while True:
        head = secrets.choice("abcdef") + secrets.token_hex(8)[:15]
        mark = _mark(key, head)
        if mark[-1] in "abcdef":
            return head + mark


def _mark(key: str, head: str) -> str:
    """Return the 16 digits that belong behind the first 16 of a callback's nonce."""
    return hmac.new(
        key.encode("utf-8", "replace"), _PURPOSE + head.encode("ascii"), hashlib.sha256
    ).hexdigest()[:16]


def is_callback(key: str, nonce: str) -> bool:
    """Return True for a nonce that holds one of a callback signed with this key, wherever it begins."""
    return any(hmac.compare_digest(found[2], _mark(key, found[1])) for found in _MARKED.finditer(nonce))


def verify(
    keys: tuple[str, ...], query: Sequence[tuple[str, str]], header: str | None, now: datetime, skew_s: float
) -> str:
    """Check a request and return its signature, by which replays are recognised.

    `query` holds every decoded parameter in order, repeats included. Any of the keys may have signed; the
    signature that comes back is the one that was given, so that a replay is one whatever key comes first.
    No `keys` means that authentication is off: nothing is checked and "" comes back. Raises a 401 Refusal
    for a missing, repeated or malformed parameter and for a wrong signature, and a 403 one when the timestamp
    is more than `skew_s` seconds away from `now` or when the signature is one of a callback.
    """
    if not keys:
        return ""
    timestamp = _only(query, "timestamp", _TIMESTAMP, "must be the time in seconds (10 digits)")
    nonce = _only(query, "nonce", _NONCE, "must be 8 to 64 letters, digits, hyphens or underscores")
    if not header:
        raise unauthorized(f"The request is not signed: the header {HEADER} is missing or empty.")
    given = header.strip().lower().encode("utf-8", "replace")
    right = [one for key in keys if hmac.compare_digest(given, (one := sign(key, timestamp, nonce)).encode())]
    if not right:
        raise unauthorized("The signature is wrong: check that both sides use the same key.")
    if any(is_callback(key, nonce) for key in keys):
        raise forbidden("The signature was made for a callback of the bridge: it opens nothing here.")
    _check_age(timestamp, now, skew_s)
    return right[0]


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


__all__ = ["HEADER", "Refusal", "fresh", "fresh_callback", "is_callback", "sign", "verify"]
