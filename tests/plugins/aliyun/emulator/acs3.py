"""Verifies what the SDK signs: ACS3-HMAC-SHA256, version 3 of Alibaba Cloud's request signature."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

ALGORITHM = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([^,]*),SignedHeaders=([^,]*),Signature=([0-9a-f]{{64}})"
)
_CLOCK_SKEW = timedelta(minutes=15)


class BadRequest(Exception):
    """What the gateway answers before any operation runs: a code and its HTTP status."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def verify(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Mapping[str, str],
    nonces: set[str],
) -> None:
    """Raise BadRequest unless a known key signed the request, it is fresh, and it was never seen.

    Header names are in lower case.
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise BadRequest("MissingAccessKeyId")
    key_id, signed, signature = match.groups()
    if key_id not in secrets:
        raise BadRequest("InvalidAccessKeyId.NotFound", 404)
    names = signed.split(";")
    _check_signed_names(names, headers)
    digest = hashlib.sha256(body).hexdigest()
    if headers["x-acs-content-sha256"] != digest:
        raise BadRequest("InvalidContentSha256")
    path, _, query = target.partition("?")
    block = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    request = "\n".join((method, path, canonical_query(query), block, signed, digest))
    text = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    expected = hmac.new(secrets[key_id].encode(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise BadRequest("SignatureDoesNotMatch")
    sent_at = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - sent_at) > _CLOCK_SKEW:
        raise BadRequest("InvalidTimeStamp.Expired")
    nonce = headers["x-acs-signature-nonce"]
    if nonce in nonces:
        raise BadRequest("SignatureNonceUsed")
    nonces.add(nonce)


def canonical_query(query: str) -> str:
    """Return the query decoded (plus is a space), sorted by name and encoded again by RFC 3986."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{name}={quote(value, safe='~')}" for name, value in pairs)


def _check_signed_names(names: list[str], headers: Mapping[str, str]) -> None:
    must = {name for name in headers if name.startswith("x-acs-") or name in ("host", "content-type")}
    if not must <= set(names) or not set(names) <= headers.keys():
        raise BadRequest("IncompleteSignature")
    if not {"x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce"} <= must:
        raise BadRequest("IncompleteSignature")
