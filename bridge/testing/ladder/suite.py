"""The whole ladder in one class."""

from .gold import Gold
from .money import Money
from .silver import Silver


class VendorTests(Gold, Silver, Money):
    """Subclass it as `TestSomething` and fill in the vendor's table; every test is inherited."""
