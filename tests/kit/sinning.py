"""How a sin is told: its file, and the rule that finds it."""

from typing import NamedTuple


class Sin(NamedTuple):
    """A file of `sins/`, its rung's rule that fails, and a piece of what it says."""

    name: str
    rung: str
    test: str
    says: str
