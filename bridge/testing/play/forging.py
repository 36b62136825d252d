"""Makes from a genuine webhook those that must be refused."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from bridge.plugin import WebhookRequest

from ..table.cases import Webhook
from ..table.declared import VendorFacts

_COMPARABLE = 16

Forgery = tuple[str, WebhookRequest]


def forgeries(table: VendorFacts, row: Webhook) -> Iterator[Forgery]:
    """Make each forgery with its name: unsigned, signature changed or dropped, content changed."""
    plain, genuine = row.request, table.sign(row.request)
    yield "a body in a form the vendor does not use", replace(genuine, body=b"\x00\xff not a webhook")
    if table.unsigned_webhooks:
        return
    assert plain != genuine, "define sign(request), or say in `unsigned_webhooks` why there is no signature"
    yield "not signed", plain
    yield from _elsewise(plain)
    yield from _headers(plain, genuine)
    yield from _query(plain, genuine)
    if table.signature_covers_body:
        yield "changed after signing", _changed(genuine)


def _elsewise(plain: WebhookRequest) -> Iterator[Forgery]:
    """Make unsigned webhooks that come in another way: nobody may be trusted for the way he comes."""
    for method in ("GET", "PUT"):
        if method != plain.method:
            yield f"not signed, by {method}", replace(plain, method=method)
    yield (
        "not signed, below another address",
        replace(plain, tail=f"{plain.tail}/test", url=f"{plain.url}/test"),
    )
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        if not plain.headers.get("content-type", "").startswith(kind):
            yield f"not signed, as {kind}", replace(plain, headers={**plain.headers, "content-type": kind})
    yield "not signed, from this host", replace(plain, remote_addr="127.0.0.1")
    for name in ("x-forwarded-for", "x-real-ip", "forwarded"):
        value = "for=127.0.0.1" if name == "forwarded" else "127.0.0.1"
        yield f"not signed, with {name}", replace(plain, headers={**plain.headers, name: value})


def _headers(plain: WebhookRequest, genuine: WebhookRequest) -> Iterator[Forgery]:
    for name, value in genuine.headers.items():
        if plain.headers.get(name) == value:
            continue
        others = {key: kept for key, kept in genuine.headers.items() if key != name}
        yield f"without the header {name}", replace(genuine, headers=others)
        yield f"with another {name}", replace(genuine, headers=others | {name: _other(value)})
        yield f"with an empty {name}", replace(genuine, headers=others | {name: ""})
        yield f"with a non-ASCII {name}", replace(genuine, headers=others | {name: f"签{value[1:]}é"})
        for what, forged in _nearly(value):
            yield f"with {what} of {name} changed", replace(genuine, headers=others | {name: forged})
        for forged in _patterns(value):
            yield f"with {forged!r} for {name}", replace(genuine, headers=others | {name: forged})


def _query(plain: WebhookRequest, genuine: WebhookRequest) -> Iterator[Forgery]:
    before, after = _pairs(plain), _pairs(genuine)
    for name in [name for name, value in after.items() if before.get(name) != value]:
        others = {key: kept for key, kept in after.items() if key != name}
        yield f"without the query field {name}", _with_query(genuine, others)
        yield f"with another {name}", _with_query(genuine, others | {name: _other(after[name])})
        yield f"with a non-ASCII {name}", _with_query(genuine, others | {name: f"签{after[name][1:]}é"})
        for what, forged in _nearly(after[name]):
            yield f"with {what} of {name} changed", _with_query(genuine, others | {name: forged})
        for forged in ("", *_patterns(after[name])):
            yield f"with {forged!r} for {name}", _with_query(genuine, others | {name: forged})


def _pairs(request: WebhookRequest) -> dict[str, str]:
    return dict(parse_qsl(request.query.decode(), keep_blank_values=True))


def _with_query(request: WebhookRequest, pairs: dict[str, str]) -> WebhookRequest:
    query = urlencode(pairs)
    url = request.url.partition("?")[0] + (f"?{query}" if query else "")
    return replace(request, query=query.encode(), url=url)


def _other(value: str) -> str:
    # The first character: the last one of base64 may hold bits that do not count.
    return ("0" if value[:1] != "0" else "1") + value[1:]


def _nearly(value: str) -> Iterator[tuple[str, str]]:
    """Make values that are right at the beginning: somebody may compare only that."""
    if len(value) < _COMPARABLE:
        return
    size = len(value)
    places = {
        "a quarter": size // 4,
        "the middle": size // 2,
        "three quarters": size * 3 // 4,
        "the end": size - 5,
    }
    if not value.strip("0123456789abcdefABCDEF"):
        places["the last letter"] = size - 1  # in base64 it may hold bits that do not count
        # Whoever compares numbers takes these for the same.
        yield "a zero in front", "0" + value
        yield "a line within", f"{value[:8]}_{value[8:]}"
    for what, place in places.items():
        changed = "1" if value[place] == "0" else "0"
        yield what, value[:place] + changed + value[place + 1 :]
    yield "the length", value[:8]
    yield "all behind it", value + value[:8]
    yield "the order", value[::-1]
    yield "everything behind the eighth letter", value[:8] + "0" * (len(value) - 8)


def _patterns(value: str) -> Iterator[str]:
    """Make what fits any signature where the comparison takes it for a pattern, or for nothing at all."""
    if len(value) < _COMPARABLE:
        return
    yield from ("*", "%", ".*", "(?s).*", ".+", "^", "$", "|")
    yield from ("?" * len(value), "_" * len(value), "." * len(value), f".{{{len(value)}}}")
    yield from (f"{value[:4]}*", f"{value[:4]}%", f"{value[:4]}.*", f"0|{value[:4]}.*", value[:1])
    yield from (" ", "null", "None", "true", "0")


def _changed(request: WebhookRequest) -> WebhookRequest:
    if not request.body:
        return _with_query(request, _pairs(request) | {"forged": "1"})
    if request.body.startswith(b"{") and request.body.rstrip() != b"{}":
        return replace(request, body=b'{"forged": 1, ' + request.body[1:])
    if request.body.startswith(b"["):
        return replace(request, body=b"[{}, " + request.body[1:])
    return replace(request, body=request.body + b"&forged=1")
