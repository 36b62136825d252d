"""The whole ladder in one class."""

from .bronze import Bronze
from .gold import Gold
from .silver import Silver


class VendorTests(Gold, Silver, Bronze):
    """Subclass it as `TestSomething` and fill in the vendor's table; every test is inherited."""
