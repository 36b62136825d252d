"""What judges a recipe beside our own reading: tests say so, and a page in the guide of recipes lists it."""

import importlib
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pytest

_Test = TypeVar("_Test", bound=Callable[..., Any])


class Judge(NamedTuple):
    """A client, signer or validator of the vendor's own, and what of the recipes it is held against."""

    recipe: str
    by: str
    what: str


JUDGES: list[Judge] = []
"""Every judge, in the order of the tests."""


def judged(by: str, what: str, *recipes: str) -> Callable[[_Test], _Test]:
    """Say that a test holds recipes against the vendor's own code.

    Returns the decorator of the test.
    """
    JUDGES.extend(Judge(recipe, by, what) for recipe in recipes)
    return lambda test: test


def client(module: str) -> Any:
    """Import a vendor's client, whatever its code is warned of; skip the test where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as missing:
            if missing.name is None or not module.startswith(missing.name):
                raise
    return pytest.skip(f"{module} is not installed: the extra dev brings what judges recipes")
