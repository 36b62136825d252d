"""A table's rung is computed from what passed."""

import pytest

from .conftest import Install


def test_a_faultless_vendor_climbs(install: Install, pytester: pytest.Pytester) -> None:
    """Acme passes every rule there is a row for."""
    install()
    result = pytester.runpytest("-q")
    result.assert_outcomes(passed=100)
