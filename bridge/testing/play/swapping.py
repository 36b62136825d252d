"""Puts the kit's functions in the place of others for a while, cheaply: each call of a plugin needs many.

`unittest.mock.patch` does the same with more care for tests of classes, and takes ten times as long.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import ModuleType
from typing import Any

Names = Mapping[int, list[tuple[ModuleType, str]]]
"""Where modules of a package hold a value, by the value's id."""

_ABSENT = object()


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
    """Find every name in the modules of a package. Returns them by what they stand for; none for ""."""
    found: dict[int, list[tuple[ModuleType, str]]] = {}
    for name, module in sys.modules.copy().items() if package else ():
        if name.startswith(package) and name.partition(".")[0] == package:
            for attribute, value in vars(module).items():
                found.setdefault(id(value), []).append((module, attribute))
    return found


@contextmanager
def rebound(names: Names, function: object, other: object) -> Iterator[None]:
    """Put `other` in the place of a function that modules imported by its name."""
    with ExitStack() as stack:
        for module, attribute in names.get(id(function), ()):
            if vars(module).get(attribute) is function:
                stack.enter_context(swapped(module, attribute, other))
        yield
