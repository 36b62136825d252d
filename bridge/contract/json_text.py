"""JSON read so that nothing a marketer typed is changed.

Numbers come out as their literal text (`1.10` stays `1.10`, an identity number keeps all its digits).
Characters that no database column or vendor can hold (NUL, lone surrogates) are removed on the way.
"""

import json
import re
from typing import Any, NoReturn

Value = Any
"""str (texts and numbers), bool, None, list or dict of these."""

# Any escape is matched whole, so that the u of an escaped backslash is never mistaken for one.
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\."
)
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class Unreadable(ValueError):
    """The text is not JSON; the message says where, and quotes nothing."""


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not a value")


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


def decode(text: str) -> Value:
    """Return the value of a JSON text. Raises Unreadable."""
    if _SUSPECT.search(text):
        text = _ESCAPE.sub(_repaired, text)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None


def decode_bytes(raw: bytes) -> Value:
    """Return the value of a JSON document in UTF-8, with or without a byte order mark. Raises Unreadable."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("it is not in UTF-8") from None
    return decode(text)


def _repaired(match: re.Match[str]) -> str:
    escape = match[0]
    return "" if len(escape) == 6 else escape
