"""Expressions where none is evaluated: they would be taken literally, and sent or compared so."""

import re
from collections.abc import Iterator
from typing import Any

from .faults import RecipeFault
from .schema import Recipe

_EVALUATED = re.compile(
    r"(requests|(operations|poll)\.\w+\.request|webhooks\.\w+\.(verify|ack\.(text|json)))[.\[]|"
    r"webhooks\.\w+\.ack\.(text|json)$"
)
_PROSE = re.compile(
    r"(vendor\.(docs|checked|unchecked)|secrets|optional_secrets|required|settings|sample|samples)\b|"
    r"templates\.placeholder_out$"  # many vendors' placeholders look like an expression
)
_LITERAL = re.compile(r"webhooks\.\w+\.verify\.(header|query|field|separator|prefix|issuer|into|time|needs)$")


def literal_faults(recipe: Recipe) -> Iterator[RecipeFault]:
    """Find every expression that nobody would evaluate."""
    for key, text in _texts(recipe.model_dump(by_alias=True, exclude_unset=True), ""):
        if ("{{" not in text and "{%" not in text) or _PROSE.match(key):
            continue
        if _LITERAL.match(key) or not _EVALUATED.match(key):
            yield RecipeFault(key, "holds an expression, and none is evaluated here")


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, f"{key}.{name}".removeprefix("."))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _texts(part, f"{key}[{index}]")
