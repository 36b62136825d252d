"""Functions of paths beside JMESPath's own: for texts that hold lists, tables or bytes."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

# GSM 03.38 in the order of its values; what stands behind 0x1b is the extension.
_GSM7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]"} | {
    0x40: "|",
    0x65: "€",
}
_ESCAPE = 0x1B


class NotThere(JMESPathError):
    """A function met something it cannot read: nothing is there."""


def gsm7_text(data: bytes) -> str:
    """Read GSM 03.38 values, one in a byte. Raises NotThere for anything else."""
    if any(value > 0x7F for value in data):
        raise NotThere("no GSM 03.38 values")
    found, values = [], iter(data)
    for value in values:
        if value != _ESCAPE:
            found.append(_GSM7[value])
            continue
        extended = next(values, None)
        found.append(" " if extended is None else _EXTENSION.get(extended, _GSM7[extended]))
    return "".join(found)


def _split(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator)] if text.strip() and separator else []


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise NotThere("no JSON") from None


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    lists = {name: value for name, value in columns.items() if isinstance(value, list)}
    if len({len(value) for value in lists.values()}) > 1:
        raise NotThere("lists of different lengths")
    count = len(next(iter(lists.values()), ()))
    return [
        {name: value[row] if name in lists else value for name, value in columns.items()}
        for row in range(count)
    ]


def _from_hex(text: str, charset: str) -> str:
    try:
        data = bytes.fromhex(text)
        return gsm7_text(data) if charset == "gsm7" else data.decode(charset)
    except (ValueError, LookupError):
        raise NotThere("no hexadecimal text of this character set") from None


def _text_in(text: str, written: str) -> str | None:
    """Read bytes whose character set nobody names: those of a binary message. None for what is no text."""
    try:
        data = bytes.fromhex(text) if written == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    for charset in ("utf-8", "utf-16-be"):
        try:
            found = data.decode(charset)
        except UnicodeDecodeError:
            continue
        if found and "".join(found.split()).isprintable():
            return found
    return None


def _find(text: str, pattern: str) -> str | None:
    try:
        match = re.search(pattern, text)
    except re.error:
        raise NotThere("no regular expression") from None
    return match[match.lastindex or 0] if match else None


_TEXT: tuple[dict[str, list[str]], ...] = ({"types": ["string"]},)
_TABLE: tuple[dict[str, list[str]], ...] = ({"types": ["object"]},)
FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[dict[str, list[str]], ...]]] = {
    "split": (_split, _TEXT * 2),
    "parse_json": (_parse_json, _TEXT),
    "rows": (_rows, _TABLE),
    "from_hex": (_from_hex, _TEXT * 2),
    "text_in": (_text_in, _TEXT * 2),
    "find": (_find, _TEXT * 2),
}
"""Our functions by name, each with the types of its arguments."""


class _WithOurs(Functions):
    pass


_WithOurs.FUNCTION_TABLE = Functions.FUNCTION_TABLE | {
    name: {"function": lambda self, *given, run=run: run(*given), "signature": types}
    for name, (run, types) in FUNCTIONS.items()
}

SIGNATURES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    name: each["signature"] for name, each in _WithOurs.FUNCTION_TABLE.items()
}
"""The arguments of every function, one entry each."""

KNOWN = frozenset(_WithOurs.FUNCTION_TABLE)
"""Every function a path may call."""

OPTIONS = jmespath.Options(custom_functions=_WithOurs())
"""What a search is given, so that it knows them."""
