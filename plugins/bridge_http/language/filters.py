"""The filters of recipe expressions. Each is a plain function of its value."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from jinja2.filters import FILTERS as JINJA_FILTERS

from bridge.plugin.text import gsm7

from ..faults import Unsendable
from .digests import DIGESTS, digest, mac
from .moments import timefmt

_FROM_JINJA = (
    *(
        "abs",
        "batch",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "float",
        "groupby",
        "int",
        "items",
        "join",
    ),
    *("last", "length", "list", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round"),
    *("select", "selectattr", "slice", "sort", "string", "sum", "trim", "truncate", "unique"),
)


def raw(value: Any) -> bytes:
    """Return the bytes of a text, or bytes as they are; numbers as their text."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    return text(value).encode()


def text(value: Any) -> str:
    """Return what a value looks like inside a text: true and false in lower case, numbers as written.

    Raises Unsendable for lists and tables (which need the `json` or `join` filter) and for null.
    """
    if isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, bytes):
        raise Unsendable("holds bytes where a text is needed: use b64 or hex")
    if value is None:
        raise Unsendable("is empty where a text is needed")
    if isinstance(value, Mapping | list | tuple):
        raise Unsendable("is a list or table where a text is needed: use json or join")
    return str(value)  # jinja2's StrictUndefined raises here and names what is undefined


def segment(value: Any) -> str:
    """Return a value as one segment of a path: everything but unreserved characters is percent-encoded."""
    return quote(text(value), safe="")


def _digests(name: str) -> dict[str, Callable[..., Any]]:
    return {
        name: lambda value: digest(name, raw(value)).hex(),
        f"{name}_raw": lambda value: digest(name, raw(value)),
        f"hmac_{name}": lambda value, key: mac(name, raw(key), raw(value)).hex(),
        f"hmac_{name}_raw": lambda value, key: mac(name, raw(key), raw(value)),
    }


def b64d(value: Any) -> bytes:
    """Return the bytes a base64 text stands for, in either alphabet, with or without padding."""
    written = "".join(text(value).split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unsendable("is not base64") from None


def b64url(value: Any, padded: bool = False) -> str:
    """Write URL-safe base64; vendors differ over the `=` at its end."""
    written = base64.urlsafe_b64encode(raw(value)).decode()
    return written if padded else written.rstrip("=")


def compact_json(value: Any) -> str:
    """Write compact JSON, not ASCII-escaped, as every JSON body is written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _kv(pairs: Mapping[str, Any], pair: str = "{k}={v}", join: str = "&") -> str:
    before, between, after = re.split(r"\{k\}|\{v\}", pair)
    return join.join(f"{before}{key}{between}{text(value)}{after}" for key, value in pairs.items())


def sorted_kv(pairs: Mapping[str, Any], pair: str = "{k}={v}", join: str = "&") -> str:
    """Return the pairs in byte order of their keys, written by `pair` and joined."""
    return _kv({key: pairs[key] for key in sorted(pairs, key=str.encode)}, pair, join)


def indexed(values: Iterable[Any], prefix: str, start: int = 0) -> dict[str, Any]:
    """Return a table with a numbered key for every value: `Name.0`, `Name.1` … for the prefix `Name.`."""
    return {f"{prefix}{number}": value for number, value in enumerate(values, start)}


def strict_join(values: Iterable[Any], separator: str) -> str:
    """Join texts by a separator none of them contains; a recipient whose value does is refused."""
    texts = [value if type(value) is str else text(value) for value in values]
    joined = separator.join(texts)
    if texts and joined.split(separator) != texts:
        raise Unsendable(f"holds {separator!r}, which this vendor puts between values")
    return joined


def only(value: Any, pattern: str, reason: str = "") -> Any:
    """Return a text (or a list) that matches the pattern as a whole; otherwise the recipient is refused."""
    matches = re.compile(pattern).fullmatch
    for content in value if isinstance(value, list) else (value,):
        if matches(text(content)) is None:
            raise Unsendable(reason or "holds what this vendor does not take")
    return value


def most(value: Any, length: int) -> str:
    """Return the text when it has at most this many characters; otherwise this recipient is refused."""
    content = text(value)
    if len(content) > length:
        raise Unsendable(f"is longer than the {length} characters this vendor takes")
    return content


FILTERS: dict[str, Callable[..., Any]] = {
    **{name: JINJA_FILTERS[name] for name in _FROM_JINJA},
    **{key: value for name in DIGESTS for key, value in _digests(name).items()},
    "b64": lambda value: base64.b64encode(raw(value)).decode(),
    "b64d": b64d,
    "b64url": b64url,
    "hex": lambda value: raw(value).hex(),
    "utf16be": lambda value: text(value).encode("utf-16-be"),
    "gsm7": lambda value: gsm7(text(value)),
    "upper": lambda value: text(value).upper(),
    "lower": lambda value: text(value).lower(),
    "quote": segment,
    "quote_plus": lambda value: quote_plus(text(value)),
    "json": compact_json,
    "kv": _kv,
    "sorted_kv": sorted_kv,
    "prefix_keys": lambda pairs, prefix: {prefix + key: value for key, value in pairs.items()},
    "without": lambda pairs, *keys: {key: value for key, value in pairs.items() if key not in keys},
    "split": lambda value, separator: text(value).split(separator),
    "ms": lambda unix: int(float(unix) * 1000),
    "timefmt": timefmt,
    "indexed": indexed,
    "strict_join": strict_join,
    "only": only,
    "most": most,
}
"""Every filter a recipe may use, by name."""
