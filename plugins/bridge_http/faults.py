"""What is wrong with a recipe, always as file, key and reason."""

from collections.abc import Iterable
from typing import NamedTuple


class RecipeFault(NamedTuple):
    """One thing to mend: `key` is the dotted path inside the file, "" for the file as a whole."""

    key: str
    reason: str


class RecipeFaults(Exception):
    """A recipe cannot be used. The text has one line per fault: file, key, reason."""

    def __init__(self, file: str, faults: Iterable[RecipeFault]) -> None:
        self.file = file
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """Return one readable line per fault."""
        return [": ".join(part for part in (self.file, *fault) if part) for fault in self.faults]


class Unsendable(Exception):
    """A request cannot be built from these values; nothing was sent.

    `key` is the place in the recipe; `reason` quotes no value, because values are personal.
    """

    def __init__(self, reason: str, key: str = "") -> None:
        super().__init__(f"{key}: {reason}" if key else reason)
        self.reason = reason
        self.key = key
