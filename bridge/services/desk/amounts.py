"""Amounts of money as text, for every desk alike."""

from collections.abc import Sequence
from decimal import Decimal

from ..pricing import SeenCost

_CENTS = 2


def amount(value: Decimal | None) -> str | None:
    """Return an amount of money as text, with two decimals or as many as it has."""
    if value is None:
        return None
    exact = value.normalize()
    shown = exact if -int(exact.as_tuple().exponent) >= _CENTS else exact.quantize(Decimal(1).scaleb(-_CENTS))
    return f"{shown:f}"


def priced(costs: Sequence[SeenCost]) -> str:
    """Return the estimates of what messages cost, in all currencies."""
    return ", ".join(f"{amount(one.estimate)} {one.currency}" for one in costs if one.messages)


def charged(costs: Sequence[SeenCost]) -> str:
    """Return what vendors say that messages cost, in all currencies."""
    return ", ".join(f"{amount(one.charged)} {one.currency}" for one in costs if one.charged is not None)
