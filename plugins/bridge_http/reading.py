"""From a TOML file to its tables; every fault of its form is told in the words of someone who writes TOML."""

import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from .auth import Scheme
from .faults import RecipeFault, RecipeFaults
from .schema import Recipe, RecipeTable
from .schema.words import CLASSES, KEYS, SCHEMES, instead_of


def load(path: Path) -> Recipe:
    """Read and validate a file; raises RecipeFaults with every fault of its form."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise RecipeFaults(str(path), [RecipeFault("", "is not text in UTF-8")]) from None
    except OSError as problem:
        raise RecipeFaults(str(path), [RecipeFault("", f"cannot be read: {problem.strerror}")]) from None
    except tomllib.TOMLDecodeError as problem:
        raise RecipeFaults(str(path), [RecipeFault("", f"is not TOML: {problem}")]) from None
    try:
        return Recipe.model_validate(table)
    except ValidationError as problem:
        faults = [_fault(error) for error in problem.errors()]
        renamed = {RecipeFault(KEYS[fault.key], "is missing") for fault in faults if fault.key in KEYS}
        raise RecipeFaults(str(path), [fault for fault in faults if fault not in renamed]) from None


def _fault(error: Any) -> RecipeFault:
    parts: list[str] = []
    before: str | int = ""
    for part in error["loc"]:
        # The scheme's name that pydantic puts behind these is no key of the file.
        if before not in ("auth", "sign", "verify"):
            parts.append(f"[{part}]" if isinstance(part, int) else f".{part}")
        before = part
    key = "".join(parts).removeprefix(".")
    return RecipeFault(key, _reason(error, key, str(before)))


def _reason(error: Any, key: str, name: str) -> str:
    """Say pydantic's message in the words of someone who writes TOML."""
    kind, context = error["type"], error.get("ctx", {})
    if renamed := KEYS.get(key) if kind == "extra_forbidden" else None:
        return instead_of(renamed)
    if kind == "extra_forbidden":
        near = get_close_matches(name, [key for key in _KNOWN if key != name], 1)
        return "is not a key a recipe has here" + (f"; did you mean {near[0]}?" if near else "")
    if kind in ("literal_error", "enum"):
        renamed = CLASSES.get(error["input"]) if kind == "enum" else None
        told = instead_of(renamed) if renamed else f"is none of {context['expected']}"
        return f"{error['input']!r} {told}"
    if kind == "union_tag_invalid":
        renamed = SCHEMES.get(context["tag"])
        told = instead_of(renamed) if renamed else f"is none of {context['expected_tags']}"
        return f"scheme: {context['tag']!r} {told}"
    if kind == "string_pattern_mismatch":
        return f"does not fit {context['pattern']}"
    known = {
        "missing": "is missing",
        "string_type": "must be a text, in quotes",
        "list_type": "must be a list, in [ ]",
        "dict_type": "must be a table",
        "model_type": "must be a table",
        "bool_type": "must be true or false",
        "int_type": "must be a whole number, without quotes",
        "float_type": "must be a number, without quotes",
        "union_tag_not_found": "needs `scheme`",
    }
    return known.get(kind) or error["msg"].removeprefix("Value error, ")


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for kind in model.__subclasses__():
        yield from (field.alias or name for name, field in kind.model_fields.items())
        yield from _keys(kind)


_KNOWN = sorted({*_keys(RecipeTable), *_keys(Scheme)})
"""Every key of every table, for suggestions."""
