"""Amounts of money as text, for every desk alike.

Programs get each amount as a decimal number in a text, with its currency beside it: a number of JSON would be
rounded by whoever reads it.
"""

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


def estimates(costs: Sequence[SeenCost]) -> list[dict[str, str | None]]:
    """Return the estimates of what messages cost, one for each currency, for programs."""
    return [_money(one.estimate, one.currency) for one in costs if one.messages]


def charges(costs: Sequence[SeenCost]) -> list[dict[str, str | None]]:
    """Return what vendors say that messages cost, one for each currency, for programs."""
    return [_money(one.charged, one.currency) for one in costs if one.charged is not None]


def priced(costs: Sequence[SeenCost]) -> str:
    """Return the estimates of what messages cost, in all currencies."""
    return _told(estimates(costs))


def charged(costs: Sequence[SeenCost]) -> str:
    """Return what vendors say that messages cost, in all currencies."""
    return _told(charges(costs))


def _money(value: Decimal | None, currency: str) -> dict[str, str | None]:
    return {"amount": amount(value), "currency": currency}


def _told(found: Sequence[dict[str, str | None]]) -> str:
    return ", ".join(f"{one['amount']} {one['currency']}" for one in found)
