"""The whole ladder in one class."""

from .again import AgainSilver
from .crossed import Crossed
from .genuine import Genuine
from .gold import Gold
from .guesses import Guesses
from .life import Life
from .proofs import Proofs
from .silver import Silver
from .trust import Trust
from .wholly import Wholly, WhollySilver


class VendorTests(
    Gold, Silver, Genuine, Guesses, WhollySilver, AgainSilver, Life, Trust, Wholly, Crossed, Proofs
):
    """Subclass it as `TestSomething` and fill in the vendor's table; every test is inherited."""
