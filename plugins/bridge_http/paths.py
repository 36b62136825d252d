"""JMESPath over answers and webhooks, compared and returned as text.

Plain dotted names are resolved with dict look-ups: the same result as JMESPath, at a fraction of its cost for
the hundreds of items of one answer.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from .faults import Fault
from .schema_base import Condition

Path = Callable[[Any], Any]
"""Takes a document, returns what is there or None."""

Test = Callable[[Any], bool]
"""Takes a document, tells whether the condition holds."""


def nothing(_document: Any) -> None:
    """The path that is not configured: always None."""


def compile_path(source: str, key: str, faults: list[Fault]) -> Path:
    """The path, or `nothing` for ""; a path that does not parse is a fault."""
    if not source:
        return nothing
    try:
        compiled = jmespath.compile(source)
    except JMESPathError as problem:
        why = str(problem).splitlines()[0].removeprefix("Bad jmespath expression: ").rstrip(":")
        faults.append(Fault(key, f"is not a JMESPath expression: {why}"))
        return nothing
    names = _plain_names(dict(compiled.parsed))
    if names is None:
        return _searching(compiled)
    return _getter(names[0]) if len(names) == 1 else _walker(names)


def _searching(compiled: Any) -> Path:
    def search(document: Any) -> Any:
        try:
            return compiled.search(document)
        except JMESPathError:  # a function met a type it does not take: nothing is there
            return None

    return search


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
    """A value of an answer as text: "" for nothing, true and false, lists and tables as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def compile_test(condition: Condition, key: str, faults: list[Fault]) -> Test:
    """The condition as a function of the document."""
    path = compile_path(condition.path, f"{key}.path", faults)
    if condition.present is not None:
        return lambda document: path(document) not in (None, "")
    if condition.absent is not None:
        return lambda document: path(document) in (None, "")
    if condition.matches is not None:
        pattern = compile_regex(condition.matches, f"{key}.matches", faults)
        return lambda document: pattern.search(as_text(path(document))) is not None
    if condition.in_ is not None:
        wanted = frozenset(condition.in_)
        return lambda document: as_text(path(document)) in wanted
    unwanted = frozenset(condition.not_in or ())
    return lambda document: as_text(path(document)) not in unwanted


def compile_regex(source: str, key: str, faults: list[Fault]) -> re.Pattern[str]:
    """The pattern; one that does not parse is a fault."""
    try:
        return re.compile(source, re.DOTALL)
    except re.error as problem:
        faults.append(Fault(key, f"is not a regular expression: {problem}"))
        return re.compile("")


def compile_tests(conditions: Iterable[Condition], key: str, faults: list[Fault]) -> Test:
    """All conditions together; none at all always hold."""
    tests = [compile_test(condition, f"{key}[{i}]", faults) for i, condition in enumerate(conditions)]
    if len(tests) == 1:
        return tests[0]
    return lambda document: all(test(document) for test in tests)


def choose(table: Mapping[str, Any], word: str) -> Any:
    """The entry of a word, or of "*", or None."""
    return table.get(word, table.get("*"))
