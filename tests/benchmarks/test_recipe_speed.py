"""A recipe may cost up to three times what hand-written Python costs for the same vendor and call."""

from collections.abc import Callable

import pytest

from bridge_http.settings import HttpSettings

from .recipes import CASES, LIMIT, Hand, beside_python


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_recipe_is_nearly_as_fast_as_python(case: Callable[[], tuple[HttpSettings, bytes, Hand]]) -> None:
    """The same bytes and the same results, for the same vendor."""
    assert beside_python(case).ratio < LIMIT
