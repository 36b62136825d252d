"""Bytes to documents: JSON, forms, XML and text by regular expression. Every scalar comes out as text."""

import base64
import binascii
import codecs
import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes
from xml.etree import ElementTree

from ..faults import RecipeFault
from .paths import UnreadableAnswer

UTF8 = ("utf-8",)
"""The character set of nearly everything."""


def read_json(text: str) -> Any:
    """Return JSON with numbers kept as the text they were, so that 64-bit ids and 1.10 survive."""
    try:
        return json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise UnreadableAnswer("is not JSON") from None


def read_form(text: str) -> dict[str, Any]:
    """Return form or query pairs in UTF-8; a repeated name becomes a list."""
    return form_of(text.encode("utf-8", "surrogatepass"), UTF8)


def form_of(data: bytes, charsets: Sequence[str]) -> dict[str, Any]:
    """Form or query pairs, each read in the first character set that fits it."""
    table: dict[str, Any] = {}
    try:
        # A character a byte: what stands behind a percent sign and what does not are read alike afterwards.
        written = data.decode("latin-1")
        pairs = parse_qsl(written, keep_blank_values=True, encoding="latin-1", max_num_fields=1000)
    except ValueError:
        raise UnreadableAnswer("is not a form") from None
    for name, value in ((_reread(name, charsets), _reread(value, charsets)) for name, value in pairs):
        if name in table:
            known = table[name]
            table[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            table[name] = value
    return table


def _reread(text: str, charsets: Sequence[str]) -> str:
    plain = text.isascii() and "\0" not in text
    return text if plain else decoded(text.encode("latin-1"), charsets)


def decoded(data: bytes, charsets: Sequence[str]) -> str:
    """Return text in the first character set that fits, or in UTF-16 where its bytes say so.

    Raises UnreadableAnswer.
    """
    wide = _wide(data)
    if wide:
        return wide
    for charset in charsets:
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            continue
    raise UnreadableAnswer(f"is not text in {' or '.join(charsets).upper()}")


def _wide(data: bytes) -> str:
    """Return the text of bytes in UTF-16, which have their mark or a NUL, as no other text has; else ""."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return _strictly(data, "utf-16")
    if b"\0" not in data:
        return ""
    texts = [_strictly(data, name) for name in ("utf-16-be", "utf-16-le")]
    likely = [text for text in texts if text and all(sign.isprintable() or sign.isspace() for sign in text)]
    return max(likely, key=lambda text: sum(map(str.isascii, text)), default="")


def _strictly(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return ""


def believed(content_type: str, charsets: Sequence[str]) -> tuple[str, ...]:
    """Return the character sets of a body, with the one that its Content-Type names behind UTF-8.

    Servers name Latin-1 of whatever they post, and what is UTF-8 is hardly ever anything else.
    """
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    try:
        name = codecs.lookup(found[1]).name if found else ""
        "a".encode(name or "utf-8")  # LookupError too for what codes no text, such as base64
    except (LookupError, UnicodeError):
        name = ""
    if name.startswith(("utf-16", "utf-32")):
        name = ""  # told by its bytes
    name = "gb18030" if name in ("gb2312", "gbk") else name
    return tuple(dict.fromkeys(name for name in (*UTF8, name, *charsets) if name))


def read_xml(text: str) -> dict[str, Any]:
    """Return XML as nested tables under the root's name: attributes with @, text beside them as #text.

    Document types are refused, and with them every entity trick.
    """
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise UnreadableAnswer("is XML with a document type, which is not read")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, hence no entities
    except (ElementTree.ParseError, ValueError):
        raise UnreadableAnswer("is not XML") from None
    return {_local(root.tag): _element(root)}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _element(element: ElementTree.Element, depth: int = 0) -> Any:
    if depth > 50:
        raise UnreadableAnswer("is XML nested too deeply")
    table: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _element(child, depth + 1)
        if name in table:
            known = table[name]
            table[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            table[name] = value
    content = (element.text or "").strip()
    if not table:
        return content
    if content:
        table["#text"] = content
    return table


def read_regex(text: str, pattern: re.Pattern[str]) -> dict[str, Any]:
    """Return the named groups that matched."""
    match = pattern.search(text)
    if match is None:
        raise UnreadableAnswer("does not match the regular expression")
    return {name: value for name, value in match.groupdict().items() if value is not None}


class WebhookParts:
    """A webhook's raw parts, as the decoding steps take them.

    `form` and `query` pairs are read in the first of `charsets` that fits each.
    """

    def __init__(self, query: bytes, body: bytes, content_type: str, charsets: Sequence[str] = UTF8) -> None:
        charsets = believed(content_type, charsets)
        self.query = decoded(query, charsets)
        self.body = decoded(body, charsets).removeprefix("\ufeff")
        # UTF-16 hides the signs that part the pairs.
        self._query, self._body = query, self.body.encode() if _wide(body) else body
        self.charsets = charsets
        self.content_type = content_type.lower()

    def query_table(self) -> dict[str, Any]:
        """Return the pairs of the query."""
        return form_of(self._query, self.charsets)

    def form_table(self) -> dict[str, Any]:
        """Return the pairs of the body."""
        return form_of(self._body.removeprefix(b"\xef\xbb\xbf"), self.charsets)


Step = Callable[[WebhookParts, Any], Any]


def _form_or_json(source: WebhookParts, _value: Any) -> Any:
    if "json" in source.content_type or source.body.lstrip()[:1] in ("{", "["):
        return read_json(source.body)
    return source.form_table()


def _query_and_form(source: WebhookParts, _value: Any) -> Any:
    return {**source.query_table(), **source.form_table()}


def _any(source: WebhookParts, value: Any) -> Any:
    return _form_or_json(source, value) if source.body.strip() else source.query_table()


def _unquote_if_needed(source: WebhookParts, value: Any) -> Any:
    text = _text(value)
    if text.lstrip()[:1] != "%":
        return text
    return decoded(unquote_to_bytes(text.replace("+", " ")), source.charsets)


def _from_base64(source: WebhookParts, value: Any) -> Any:
    try:
        data = base64.b64decode(_text(value), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableAnswer("is not base64") from None
    return decoded(data, source.charsets)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UnreadableAnswer("has no text where one is expected")
    return value


_STEPS: dict[str, Step] = {
    "query": lambda source, _value: source.query_table(),
    "form": lambda source, _value: source.form_table(),
    "json": lambda source, value: read_json(source.body if value is None else _text(value)),
    "xml": lambda source, value: read_xml(source.body if value is None else _text(value)),
    "form_or_json": _form_or_json,
    "query_and_form": _query_and_form,
    "query_or_form_or_json": _any,
    "unquote_if_needed": _unquote_if_needed,
    "base64": _from_base64,
}


def compile_steps(names: Sequence[str], key: str, faults: list[RecipeFault]) -> Callable[[WebhookParts], Any]:
    """Return the decoding steps in order, each working on what the one before left."""
    steps = []
    for index, name in enumerate(names):
        step = _field(name[6:]) if name.startswith("field:") else _STEPS.get(name)
        if step is None:
            known = ", ".join([*_STEPS, "field:NAME"])
            faults.append(RecipeFault(f"{key}[{index}]", f"{name!r} is none of {known}"))
        else:
            steps.append(step)

    def decode(source: WebhookParts) -> Any:
        value: Any = None
        for step in steps:
            value = step(source, value)
        return value

    return decode


def _field(name: str) -> Step:
    def pick(_source: WebhookParts, value: Any) -> Any:
        if not isinstance(value, dict) or name not in value:
            raise UnreadableAnswer(f"has no field {name}")
        return value[name]

    return pick


def trimmed(value: Any) -> Any:
    """Return the document with blanks cut from both ends of every text."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return [trimmed(item) for item in value]
    if isinstance(value, dict):
        return {name: trimmed(item) for name, item in value.items()}
    return value
