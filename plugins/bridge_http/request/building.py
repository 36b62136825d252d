"""Building requests: trees become values, values become bytes once, and those bytes are signed and sent."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode
from xml.etree import ElementTree

from bridge.plugin import BadNumber, MissingVariable

from ..auth.base import Known, RequestDraft, SchemePlace, Signer, pairs
from ..faults import RecipeFault, Unsendable
from ..language.compiling import Tree, compiled_once
from ..language.expressions import Program
from ..language.filters import compact_json, text
from ..language.values import Names
from ..schema import RequestTable
from .multipart import file_faults, multipart

_CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml",
    "text": "text/plain",
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PATH = re.compile(r"(/[A-Za-z0-9._~%!$&'()*+,;=:@-]*)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Built:
    """A finished request: exactly these bytes are sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class RequestPlan:
    """A compiled request: `build` turns names into bytes."""

    def __init__(
        self, request: RequestTable, program: Program, signers: Mapping[str, Signer], base_url: str
    ) -> None:
        self._request = request
        self._program = program
        self._early = [(part, each.apply) for part, each in signers.items() if not each.needs_bytes]
        self._late = [(part, each.apply) for part, each in signers.items() if each.needs_bytes]
        self._base_url = base_url
        self._kind = request.body[0]

    def build(self, names: Names) -> Built:
        """Return the request for these values; raises Unsendable, quoting no value."""
        try:
            return self._build(names)
        except (MissingVariable, BadNumber) as problem:
            raise Unsendable(problem.reason) from None
        except UnicodeEncodeError:
            raise Unsendable(f"holds a character that {self._request.charset} cannot write") from None

    def _build(self, names: Names) -> Built:
        values = self._program(names)
        if not _PATH.fullmatch(values["path"]):
            raise Unsendable("is not a path", "path")
        draft = RequestDraft(
            self._request.method,
            self._base_url,
            values["path"],
            values["query"],
            values["headers"],
            names=names,
        )
        if self._kind in ("form", "multipart"):
            draft.form = values["body"]
        for part, sign in self._early:
            sign(draft, values[part])
        self._write_body(draft, draft.form if draft.form is not None else values["body"], names)
        for part, sign in self._late:
            sign(draft, values[part])
        _check_headers(draft.headers)
        return Built(draft.method, draft.url, draft.headers, draft.body)

    def _write_body(self, draft: RequestDraft, whole: Any, names: Names) -> None:
        """Write the body and the header that tells what it is."""
        if self._kind == "multipart":
            draft.body, kind = multipart(whole, self._request.charset, names["nonce"])
            others = {name: each for name, each in draft.headers.items() if name.lower() != "content-type"}
            draft.headers = {**others, "Content-Type": kind}  # it names the boundary
        elif self._kind:
            draft.body = self._serialise(whole)
            kind = f"{_CONTENT_TYPES[self._kind]}; charset={self._request.charset}"
            _set_default(draft.headers, "Content-Type", kind)

    def _serialise(self, value: Any) -> bytes:
        charset = self._request.charset
        if self._kind == "json":
            body = compact_json(value).encode(charset)
        elif self._kind == "form":
            body = urlencode(pairs(value), quote_via=quote_plus, encoding=charset, errors="strict").encode()
        elif self._kind == "xml":
            body = xml_bytes(value, charset)
        else:
            body = value.encode(charset)
        return base64.b64encode(body) if self._request.wrap == "base64" else body


def _set_default(headers: dict[str, str], name: str, value: str) -> None:
    if not any(known.lower() == name.lower() for known in headers):
        headers[name] = value


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not value.isascii() or _CONTROL.search(value):
            raise Unsendable("holds a character that no header can carry", f"headers.{name}")


def xml_bytes(table: Mapping[str, Any], charset: str) -> bytes:
    """Write a table as XML: `@name` is an attribute, `#text` the text, a list repeats its element."""
    ((name, value),) = table.items()
    content = ElementTree.tostring(_element(name, value), encoding="unicode")
    return f'<?xml version="1.0" encoding="{charset}"?>{content}'.encode(charset)


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if not isinstance(value, Mapping):
        element.text = _xml_text(value)
        return element
    for key, item in value.items():
        if key.startswith("@"):
            element.set(key[1:], _xml_text(item))
        elif key == "#text":
            element.text = _xml_text(item)
        else:
            for one in item if isinstance(item, list) else (item,):
                element.append(_element(key, one))
    return element


def _xml_text(value: Any) -> str:
    content = text(value)
    if _NOT_XML.search(content):
        raise Unsendable("holds a character that XML cannot carry")
    return content


def compile_request(
    request: RequestTable,
    names: Known,
    base_url: str,
    key: str,
    faults: list[RecipeFault],
) -> RequestPlan | None:
    """Compile a request. Returns None when it has faults, which are added to `faults`."""
    program, found = compiled_once(names, list(_trees(request, key)))
    signers: dict[str, Signer] = {}
    wrong: list[RecipeFault] = []
    for part, scheme in (("auth", request.auth), ("sign", request.sign)):
        if scheme is not None:
            signers[part] = scheme.signer(SchemePlace(f"{key}.{part}", names, request.headers, wrong))
    problems = [*found, *_shape(request, key), *wrong]
    if program is None or problems:
        faults += problems
        return None
    return RequestPlan(request, program, signers, base_url)


def _trees(request: RequestTable, key: str) -> Iterator[Tree]:
    """Return the trees of a request in the order in which they are evaluated."""
    for index, entry in enumerate(request.let):
        yield from (Tree(name, tree, f"{key}.let[{index}].{name}", None) for name, tree in entry.items())
    yield from (Tree(name, tree, f"{key}.tree.{name}", None) for name, tree in request.tree.items())
    yield Tree("path", request.path, f"{key}.path", "_segment")
    yield Tree("query", request.query, f"{key}.query")
    yield Tree("headers", request.headers, f"{key}.headers")
    kind, body = request.body
    yield Tree("body", body if kind else "", f"{key}.{kind or 'body'}")
    for part, scheme in (("auth", request.auth), ("sign", request.sign)):
        if scheme is not None:
            yield Tree(part, scheme.texts(), f"{key}.{part}")


def _shape(request: RequestTable, key: str) -> list[RecipeFault]:
    faults = [
        RecipeFault(f"{key}.headers.{name}", "is not a header name")
        for name in request.headers
        if not _HEADER_NAME.fullmatch(name)
    ]
    if request.multipart is not None:
        faults += file_faults(request.multipart, f"{key}.multipart")
        if request.wrap:
            faults.append(RecipeFault(f"{key}.wrap", "is not for a multipart body"))
    if request.xml is not None and len(request.xml) != 1:
        faults.append(RecipeFault(f"{key}.xml", "needs exactly one root element"))
    if request.method == "GET" and request.body[0]:
        faults.append(RecipeFault(f"{key}.method", "a GET request has no body: use query"))
    return faults
