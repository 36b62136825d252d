"""The conditions of a recipe as functions of a document."""

from collections.abc import Callable, Iterable
from typing import Any

from ..faults import RecipeFault
from ..language.paths import as_text, compile_path, compile_regex
from ..schema import Condition

Test = Callable[[Any], bool]
"""Takes a document, tells whether the condition holds."""


def compile_test(condition: Condition, key: str, faults: list[RecipeFault]) -> Test:
    """Return the condition as a function of the document."""
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


def compile_tests(conditions: Iterable[Condition], key: str, faults: list[RecipeFault]) -> Test:
    """Return all conditions together; none at all always hold."""
    tests = [compile_test(condition, f"{key}[{i}]", faults) for i, condition in enumerate(conditions)]
    if len(tests) == 1:
        return tests[0]
    return lambda document: all(test(document) for test in tests)
