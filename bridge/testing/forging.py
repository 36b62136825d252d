"""Makes from a genuine webhook those that must be refused."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from bridge.plugin import WebhookRequest

from .cases import Webhook

if TYPE_CHECKING:
    from .vendor_table import VendorTable

Forgery = tuple[str, WebhookRequest]


def forgeries(table: "VendorTable", row: Webhook) -> Iterator[Forgery]:
    """Each forgery with its name: unsigned, signature changed or dropped, content changed after signing."""
    plain, genuine = row.request, table.sign(row.request)
    yield "a body in a form the vendor does not use", replace(genuine, body=b"\x00\xff not a webhook")
    if table.unsigned_webhooks:
        return
    assert plain != genuine, "define sign(request), or say in `unsigned_webhooks` why there is no signature"
    yield "not signed", plain
    yield from _headers(plain, genuine)
    yield from _query(plain, genuine)
    if table.signature_covers_body:
        yield "changed after signing", _changed(genuine)


def _headers(plain: WebhookRequest, genuine: WebhookRequest) -> Iterator[Forgery]:
    for name, value in genuine.headers.items():
        if plain.headers.get(name) == value:
            continue
        others = {key: kept for key, kept in genuine.headers.items() if key != name}
        yield f"without the header {name}", replace(genuine, headers=others)
        yield f"with another {name}", replace(genuine, headers=others | {name: _other(value)})
        yield f"with an empty {name}", replace(genuine, headers=others | {name: ""})


def _query(plain: WebhookRequest, genuine: WebhookRequest) -> Iterator[Forgery]:
    before, after = _pairs(plain), _pairs(genuine)
    for name in [name for name, value in after.items() if before.get(name) != value]:
        others = {key: kept for key, kept in after.items() if key != name}
        yield f"without the query field {name}", _with_query(genuine, others)
        yield f"with another {name}", _with_query(genuine, others | {name: _other(after[name])})


def _pairs(request: WebhookRequest) -> dict[str, str]:
    return dict(parse_qsl(request.query.decode(), keep_blank_values=True))


def _with_query(request: WebhookRequest, pairs: dict[str, str]) -> WebhookRequest:
    query = urlencode(pairs)
    url = request.url.partition("?")[0] + (f"?{query}" if query else "")
    return replace(request, query=query.encode(), url=url)


def _other(value: str) -> str:
    # The first character: the last one of base64 may hold bits that do not count.
    return ("0" if value[:1] != "0" else "1") + value[1:]


def _changed(request: WebhookRequest) -> WebhookRequest:
    if not request.body:
        return _with_query(request, _pairs(request) | {"forged": "1"})
    if request.body.startswith(b"{") and request.body.rstrip() != b"{}":
        return replace(request, body=b'{"forged": 1, ' + request.body[1:])
    if request.body.startswith(b"["):
        return replace(request, body=b"[{}, " + request.body[1:])
    return replace(request, body=request.body + b"&forged=1")
