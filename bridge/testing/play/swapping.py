"""Puts the kit's functions in the place of others for a while, cheaply: each call of a plugin needs many.

`unittest.mock.patch` does the same with more care for tests of classes, and takes ten times as long.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

Names = Mapping[int, list[tuple[ModuleType, str]]]
"""Where modules of a package hold a function, by its id."""

_ABSENT = object()
_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType)


class swapped(AbstractContextManager[None]):  # noqa: N801 - stands after `with`
    """Give an object another attribute until the end of the block."""

    __slots__ = ("_before", "_name", "_other", "_owner")

    def __init__(self, owner: Any, name: str, other: Any) -> None:
        self._owner = owner
        self._name = name
        self._other = other

    def __enter__(self) -> None:
        # As it stands there: what is inherited is uncovered again, a property stays one.
        self._before = vars(self._owner).get(self._name, _ABSENT)
        setattr(self._owner, self._name, self._other)

    def __exit__(self, *_: object) -> None:
        if self._before is _ABSENT:
            delattr(self._owner, self._name)
        else:
            setattr(self._owner, self._name, self._before)


def names_in(package: str) -> Names:
    """Find the functions in the modules of a package. Returns their names; none for ""."""
    found: dict[int, list[tuple[ModuleType, str]]] = {}
    for module in _modules_of((package, len(sys.modules), id(sys.modules.get(package)))) if package else ():
        for attribute, value in vars(module).items():
            if type(value) in _FUNCTIONS:
                found.setdefault(id(value), []).append((module, attribute))
    return found


@lru_cache(maxsize=1)
def _modules_of(known: tuple[str, int, int]) -> list[ModuleType]:
    """Return the modules of a package, which stay while as many are imported and it is the same object."""
    return [module for name, module in sys.modules.copy().items() if name.partition(".")[0] == known[0]]


@contextmanager
def rebound(names: Names, function: object, other: object) -> Iterator[None]:
    """Put `other` in the place of a function that modules imported by its name."""
    with ExitStack() as stack:
        for module, attribute in names.get(id(function), ()):
            if vars(module).get(attribute) is function:
                stack.enter_context(swapped(module, attribute, other))
        yield
