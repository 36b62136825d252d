"""Whether a webhook is the vendor's: one function per scheme, comparing in constant time."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridge.plugin import WebhookRejected, WebhookRequest

from . import schema_auth
from .decoding import Source, Unreadable, read_form
from .expressions import Compiler
from .faults import Fault, Unsendable
from .filters import raw
from .paths import as_text, compile_path
from .signing import sorted_digest, sorted_texts
from .values import Names

Check = Callable[[WebhookRequest, Source, Any, Names], bool]
"""Whether a webhook is the vendor's: request, raw parts, decoded document, names."""


def compile_verify(verify: "schema_auth.Verify | None", names: Names, key: str, faults: list[Fault]) -> Check:
    """The check of a scheme; without one the secret address alone guards."""
    if isinstance(verify, schema_auth.Equals):
        return _equals(verify, names, key, faults)
    if isinstance(verify, schema_auth.HmacHeader):
        return _hmac_header(verify, names, key, faults)
    if isinstance(verify, schema_auth.VerifySorted):
        return _sorted(verify, names, key, faults)
    if isinstance(verify, schema_auth.JwtHs256):
        return _jwt(verify, names, key, faults)
    if isinstance(verify, schema_auth.Addresses):
        return _addresses(verify, key, faults)
    return lambda request, source, document, given: True


def _texts(
    texts: Mapping[str, str], names: Names, key: str, faults: list[Fault], extra: Sequence[str] = ()
) -> Callable[[Names], dict[str, Any]]:
    compiler = Compiler({**{name: _keys(value) for name, value in names.items()}, **dict.fromkeys(extra)})
    for name, text in texts.items():
        compiler.section(name, text, f"{key}.{name}")
    faults += compiler.faults
    if compiler.faults:
        return lambda given: {}
    program = compiler.finish()

    def run(given: Names) -> dict[str, Any]:
        try:
            return program(given)
        except Unsendable:
            raise WebhookRejected("The webhook lacks a field its signature needs.") from None

    return run


def _keys(value: Any) -> frozenset[str] | None:
    return frozenset(value) if isinstance(value, Mapping) else None


_REQUEST_NAMES = ("body", "raw", "form", "text", "query", "headers", "url", "method")


def _equals(verify: "schema_auth.Equals", names: Names, key: str, faults: list[Fault]) -> Check:
    texts = _texts({"equals": verify.equals}, names, key, faults, _REQUEST_NAMES)
    field = compile_path(verify.field, f"{key}.field", faults)

    def check(request: WebhookRequest, source: Source, document: Any, given: Names) -> bool:
        query = read_form(source.query)
        if verify.header:
            got = request.headers.get(verify.header.lower(), "")
        else:
            got = as_text(field(document) if verify.field else query.get(verify.query))
        view = {
            "body": document,
            "raw": request.body,
            "form": _form(source),
            "text": source.body,
            "query": query,
            "headers": dict(request.headers),
            "url": request.url,
            "method": request.method,
        }
        wanted = texts({**given, **view})["equals"]
        offers = [offer.strip() for offer in got.split(verify.separator)] if verify.separator else [got]
        return bool(wanted) and any(_same(offer, wanted) for offer in offers)

    return check


def _form(source: Source) -> dict[str, Any]:
    try:
        return read_form(source.body) if "form" in source.content_type else {}
    except Unreadable:
        return {}


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _hmac_header(verify: "schema_auth.HmacHeader", names: Names, key: str, faults: list[Fault]) -> Check:
    texts = _texts({"key": verify.key}, names, key, faults)

    def check(request: WebhookRequest, source: Source, document: Any, given: Names) -> bool:
        mac = hmac.digest(raw(texts(given)["key"]), request.body, verify.hash)
        wanted = mac.hex() if verify.encoding == "hex" else base64.b64encode(mac).decode()
        got = request.headers.get(verify.header.lower(), "")
        return _same(got.lower() if verify.encoding == "hex" else got, (verify.prefix + wanted))

    return check


def _sorted(verify: "schema_auth.VerifySorted", names: Names, key: str, faults: list[Fault]) -> Check:
    texts = _texts(sorted_texts(verify), names, key, faults)

    def check(request: WebhookRequest, source: Source, document: Any, given: Names) -> bool:
        if not isinstance(document, dict):
            return False
        pairs = {name: value for name, value in document.items() if name != verify.field}
        try:
            wanted = sorted_digest(verify, pairs, texts(given))
        except Unsendable:
            return False
        return _same(as_text(document.get(verify.field)), wanted)

    return check


def _jwt(verify: "schema_auth.JwtHs256", names: Names, key: str, faults: list[Fault]) -> Check:
    texts = _texts({"key": verify.key}, names, key, faults)

    def check(request: WebhookRequest, source: Source, document: Any, given: Names) -> bool:
        claims = _jwt_claims(request.headers.get(verify.header.lower(), ""), raw(texts(given)["key"]))
        if claims is None or (verify.issuer and claims.get("iss") != verify.issuer):
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


def _jwt_claims(token: str, key: bytes) -> dict[str, Any] | None:
    """The claims of a JWT signed with HS256 and this key, or None."""
    head, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    try:
        wanted = hmac.digest(key, f"{head}.{payload}".encode(), "sha256")
        if not hmac.compare_digest(_unpadded(signature), wanted):
            return None
        if json.loads(_unpadded(head)).get("alg") != "HS256":
            return None
        claims = json.loads(_unpadded(payload))
    except (ValueError, binascii.Error, AttributeError):
        return None
    return claims if isinstance(claims, dict) else None


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _addresses(verify: "schema_auth.Addresses", key: str, faults: list[Fault]) -> Check:
    networks = []
    for index, text in enumerate(verify.allow):
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError:
            faults.append(Fault(f"{key}.allow[{index}]", "is not an address or network"))

    def check(request: WebhookRequest, source: Source, document: Any, given: Names) -> bool:
        try:
            address = ipaddress.ip_address(request.remote_addr)
        except ValueError:
            return False
        return any(address in network for network in networks)

    return check
