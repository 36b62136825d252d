"""What the machine on which `simulate` runs may know of the bridge: its configuration and its ledger.

A Quick Audience knows neither. The command line hands one in where there is a configuration.
"""

from collections.abc import Sequence
from typing import Protocol


class LocalBridge(Protocol):
    """Answers about the channel at an address; nothing for a bridge that is not this machine's."""

    def sign(self, prefix: str) -> str:
        """Return a signature that the channel may send under, or ""."""

    def held(self, prefix: str) -> Sequence[str]:
        """Return why messages of the channel wait now, in a sentence each."""


class NoLocalBridge:
    """Knows nothing."""

    def sign(self, prefix: str) -> str:
        """Return ""."""
        return ""

    def held(self, prefix: str) -> Sequence[str]:
        """Return nothing."""
        return ()
