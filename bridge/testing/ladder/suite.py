"""The whole ladder in one class."""

from .again import AgainSilver
from .gold import Gold
from .life import Life
from .money import Money
from .silver import Silver
from .trust import Trust


class VendorTests(Gold, Silver, AgainSilver, Life, Trust, Money):
    """Subclass it as `TestSomething` and fill in the vendor's table; every test is inherited."""
