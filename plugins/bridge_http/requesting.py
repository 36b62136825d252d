"""Building requests: trees become values, values become bytes once, and those bytes are signed and sent."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit
from xml.etree import ElementTree

from bridge.plugin import BadNumber, MissingVariable

from .expressions import Compiler, Program
from .faults import Fault, Unsendable
from .filters import compact_json, text
from .schema_request import Request
from .signing import Signer, compile_auth, compile_sign
from .values import Names

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


@dataclass
class Draft:
    """A request in the making. `form` is set while the parameters of a form may still be added to."""

    method: str
    base_url: str
    path: str
    query: dict[str, Any]
    headers: dict[str, str]
    form: dict[str, Any] | None = None
    body: bytes = b""
    names: Names = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The whole URL as it is sent."""
        return self.base_url + self.path + ("?" + self.query_string if self.query else "")

    @property
    def query_string(self) -> str:
        """The query, percent-encoded as RFC 3986 says."""
        return urlencode(pairs(self.query), quote_via=quote, safe="")

    @property
    def host(self) -> str:
        """Host and, unless it is the default one, port."""
        return urlsplit(self.base_url).netloc

    @property
    def full_path(self) -> str:
        """The base URL's own path and the request's."""
        return (urlsplit(self.base_url).path + self.path) or "/"


@dataclass(frozen=True)
class Built:
    """A finished request: exactly these bytes are sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Plan:
    """A compiled request: `build` turns names into bytes."""

    def __init__(self, request: Request, program: Program, signers: list[Signer], base_url: str) -> None:
        self._request = request
        self._program = program
        self._early = [signer.apply for signer in signers if not signer.needs_bytes]
        self._late = [signer.apply for signer in signers if signer.needs_bytes]
        self._base_url = base_url
        self._kind = request.body[0]

    def build(self, names: Names) -> Built:
        """The request for these values; raises Unsendable, quoting no value."""
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
        draft = Draft(
            self._request.method,
            self._base_url,
            values["path"],
            values["query"],
            values["headers"],
            names={**names, "_auth": values["auth"], "_sign": values["sign"]},
        )
        if self._kind == "form":
            draft.form = values["body"]
        for sign in self._early:
            sign(draft)
        draft.body = self._serialise(draft.form if draft.form is not None else values["body"])
        if self._kind:
            kind = f"{_CONTENT_TYPES[self._kind]}; charset={self._request.charset}"
            _set_default(draft.headers, "Content-Type", kind)
        for sign in self._late:
            sign(draft)
        _check_headers(draft.headers)
        return Built(draft.method, draft.url, draft.headers, draft.body)

    def _serialise(self, value: Any) -> bytes:
        charset = self._request.charset
        if self._kind == "json":
            body = compact_json(value).encode(charset)
        elif self._kind == "form":
            body = urlencode(pairs(value), quote_via=quote_plus, encoding=charset, errors="strict").encode()
        elif self._kind == "xml":
            body = xml_bytes(value, charset)
        else:
            body = value.encode(charset) if self._kind else b""
        return base64.b64encode(body) if self._request.wrap == "base64" else body


def _set_default(headers: dict[str, str], name: str, value: str) -> None:
    if not any(known.lower() == name.lower() for known in headers):
        headers[name] = value


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not value.isascii() or _CONTROL.search(value):
            raise Unsendable("holds a character that no header can carry", f"headers.{name}")


def pairs(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The pairs of a form or query; a list repeats its name."""
    return [
        (name, text(item))
        for name, value in table.items()
        for item in (value if isinstance(value, list) else (value,))
    ]


def xml_bytes(table: Mapping[str, Any], charset: str) -> bytes:
    """A table with one root as XML: `@name` is an attribute, `#text` the text, a list repeats its element."""
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
    request: Request,
    names: Mapping[str, frozenset[str] | None],
    base_url: str,
    key: str,
    faults: list[Fault],
) -> Plan | None:
    """Compile a request; None when it has faults, which are added to `faults`."""
    compiler = Compiler(names)
    for index, entry in enumerate(request.let):
        for name, tree in entry.items():
            compiler.define(name, tree, f"{key}.let[{index}].{name}")
    for name, tree in request.tree.items():
        compiler.define(name, tree, f"{key}.tree.{name}")
    compiler.section("path", request.path, f"{key}.path", filter_name="_segment")
    compiler.section("query", request.query, f"{key}.query")
    compiler.section("headers", request.headers, f"{key}.headers")
    kind, body = request.body
    compiler.section("body", body if kind else "", f"{key}.{kind or 'body'}")
    signers = [*compile_auth(request.auth, compiler, key), *compile_sign(request, compiler, names, key)]
    problems = [*compiler.faults, *_shape(request, key)]
    problems += [fault for signer in signers for fault in signer.faults]
    if problems:
        faults += problems
        return None
    return Plan(request, compiler.finish(), signers, base_url)


def _shape(request: Request, key: str) -> list[Fault]:
    faults = [
        Fault(f"{key}.headers.{name}", "is not a header name")
        for name in request.headers
        if not _HEADER_NAME.fullmatch(name)
    ]
    if request.xml is not None and len(request.xml) != 1:
        faults.append(Fault(f"{key}.xml", "needs exactly one root element"))
    if request.method == "GET" and request.body[0]:
        faults.append(Fault(f"{key}.method", "a GET request has no body: use query"))
    return faults


def dumps(value: Any) -> bytes:
    """JSON as answers and acknowledgements are written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
