"""Compiles the trees of a request once, however many accounts are served by the recipe that holds them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..faults import RecipeFault
from .expressions import Compiler, Program

_MOST = 1024
"""Requests whose programs are kept: those of all shipped recipes."""


class Tree(NamedTuple):
    """A tree of a request; without a filter it is a name for the trees behind it."""

    name: str
    value: Any
    key: str
    filter_name: str | None = "_text"


class _Request:
    """The trees of a request and the names they may use; two that are written alike are the same."""

    def __init__(self, names: Mapping[str, frozenset[str] | None], trees: Sequence[Tree]) -> None:
        self.names = names
        self.trees = trees
        known = sorted((name, None if keys is None else sorted(keys)) for name, keys in names.items())
        self._written = repr((known, trees))

    def __hash__(self) -> int:
        return hash(self._written)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Request) and self._written == other._written


def compiled_once(
    names: Mapping[str, frozenset[str] | None], trees: Sequence[Tree]
) -> tuple[Program | None, Sequence[RecipeFault]]:
    """Return the program of these trees, None when they have faults, and the faults.

    A program holds what the recipe says and nothing of an account, so that all may share it.
    """
    return _compile(_Request(names, trees))


@lru_cache(maxsize=_MOST)
def _compile(request: _Request) -> tuple[Program | None, Sequence[RecipeFault]]:
    compiler = Compiler(request.names)
    for name, value, key, filter_name in request.trees:
        if filter_name is None:
            compiler.define(name, value, key)
        else:
            compiler.section(name, value, key, filter_name=filter_name)
    return None if compiler.faults else compiler.finish(), tuple(compiler.faults)
