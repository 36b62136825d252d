"""JMESPath over answers and webhooks, compared and returned as text.

Plain dotted names are resolved with dict look-ups: the same result as JMESPath, at a fraction of its cost for
the hundreds of items of one answer.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from ..faults import RecipeFault
from . import functions
from .checks import call_faults

Path = Callable[[Any], Any]
"""Takes a document, returns what is there or None."""


class UnreadableAnswer(Exception):
    """The bytes are not what the recipe expects; the text quotes none of them."""


def nothing(_document: Any) -> None:
    """Return None, as the path that is not configured."""


def compile_path(source: str, key: str, faults: list[RecipeFault], *, strict: bool = False) -> Path:
    """Return the path, or `nothing` for ""; one that does not parse or calls a function wrongly is a fault.

    Where a function cannot read what it meets, nothing is there; with `strict` that raises UnreadableAnswer.
    """
    if not source:
        return nothing
    try:
        compiled = jmespath.compile(source)
    except JMESPathError as problem:
        why = str(problem).splitlines()[0].removeprefix("Bad jmespath expression: ").rstrip(":")
        faults.append(RecipeFault(key, f"is not a JMESPath expression: {why}"))
        return nothing
    unknown = sorted(_called(dict(compiled.parsed)) - functions.KNOWN)
    if unknown:
        known = ", ".join(sorted(functions.KNOWN))
        faults.append(RecipeFault(key, f"there is no function {unknown[0]!r} in paths; there are {known}"))
        return nothing
    if misfits := [RecipeFault(key, each) for each in call_faults(dict(compiled.parsed))]:
        faults += misfits
        return nothing
    names = _plain_names(dict(compiled.parsed))
    if names is None:
        return _searching(compiled, strict)
    return _getter(names[0]) if len(names) == 1 else _walker(names)


def _searching(compiled: Any, strict: bool) -> Path:
    def search(document: Any) -> Any:
        try:
            return compiled.search(document, options=functions.OPTIONS)
        except JMESPathError:
            if strict:
                raise UnreadableAnswer("holds a list that cannot be read") from None
            return None

    return search


def _called(node: Any) -> set[str]:
    """Return every function that a parsed path calls."""
    if not isinstance(node, dict):
        return set()
    own = {node["value"]} if node["type"] == "function_expression" else set()
    return own.union(*(_called(child) for child in node["children"]))


def _plain_names(node: dict[str, Any]) -> list[str] | None:
    if node["type"] == "field":
        return [node["value"]]
    if node["type"] == "subexpression":
        parts = [_plain_names(child) for child in node["children"]]
        return (
            None if any(part is None for part in parts) else [name for part in parts for name in part or ()]
        )
    return None


def _getter(name: str) -> Path:
    def get(document: Any) -> Any:
        return document.get(name) if isinstance(document, dict) else None

    return get


def _walker(names: list[str]) -> Path:
    def walk(document: Any) -> Any:
        for name in names:
            if not isinstance(document, dict):
                return None
            document = document.get(name)
        return document

    return walk


def as_text(value: Any) -> str:
    """Return a value of an answer as text: "" for nothing, true and false, lists and tables as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def compile_regex(source: str, key: str, faults: list[RecipeFault]) -> re.Pattern[str]:
    """Return the pattern; one that does not parse is a fault."""
    try:
        return re.compile(source, re.DOTALL)
    except re.error as problem:
        faults.append(RecipeFault(key, f"is not a regular expression: {problem}"))
        return re.compile("")


def choose(table: Mapping[str, Any], word: str) -> Any:
    """Find the entry of a word, in any case, or of its family such as "MK:*", or of "*".

    Returns None when there is none; no word at all is in no family. A long table is searched by its plain
    words first.
    """
    if word in table:
        return table[word]
    folded = word.casefold()
    if known := next((name for name in table if name.casefold() == folded), None):
        return table[known]
    families = [name for name in table if name.endswith("*") and folded.startswith(name[:-1].casefold())]
    return table[max(families, key=len)] if word and families else None
