"""Cells and lines that a spreadsheet and a terminal take for what they are."""

import json
import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet would work out (owasp.org, CSV Injection, read 2026-11).

The last four are the full-width forms of the first: input in Chinese or Japanese makes them one.
"""
_OBEYED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""What a terminal would obey, but for tabs and line ends: a cell may hold those."""


def harmless_cell(value: object) -> str:
    """Return a cell's text; an apostrophe in front makes a spreadsheet take it for what it is.

    What a terminal would obey is written as digits, for such files are looked at in one.
    """
    text = "" if value is None else _OBEYED.sub(lambda match: f"\\x{ord(match[0]):02x}", str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def harmless_json(document: object, indent: int | None = None) -> str:
    """Return a document as JSON in which a terminal obeys nothing; programs read the very same."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
