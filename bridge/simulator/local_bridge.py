"""What the machine on which `simulate` runs may know of the bridge: its configuration and its ledger.

A Quick Audience knows neither. The command line hands one in where there is a configuration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class WayBack:
    """How a channel is configured to tell Quick Audience: `callback_url` as it is written.

    `problem`: why the bridge's own call of that address, which was tried, had no answer; "" when it had one.
    """

    receipts: Literal["push", "pull"]
    callback_url: str
    problem: str = ""

    def obstacle(self, receipts: str, here: str, *, came: bool) -> str:
        """Return why no receipt as expected would come `here`; "" where nothing is in the way.

        `came`: whether the call of callback_url came here.
        """
        if self.receipts != receipts:
            return f'The channel has receipts = "{self.receipts}": say --receipts {self.receipts}.'
        if receipts == "pull" or came:
            return ""
        there = f"is {self.callback_url}" if self.callback_url else "is not set"
        why = f" ({self.problem})" if self.problem else ""
        return (
            f"Nothing was sent, for no receipt would come: the channel's callback_url {there}{why}, and "
            f"callbacks are received at {here}. Write that address into the channel and reload the bridge, "
            "or name its own with --listen and --address."
        )


class LocalBridge(Protocol):
    """Answers about the channel at an address; nothing for a bridge that is not this machine's."""

    def sign(self, prefix: str) -> str:
        """Return a signature that the channel may send under, or ""."""

    def held(self, prefix: str) -> Sequence[str]:
        """Return why messages of the channel wait now, in a sentence each."""

    def waiting(self, prefix: str, campaign: str, sent: int) -> int:
        """Return how many of so many messages of a campaign were not handed to a vendor yet."""

    def way_back(self, prefix: str) -> WayBack | None:
        """Visit the channel's callback_url as the bridge calls it. Returns what came of it."""

    def polled_s(self, prefix: str) -> float:
        """Return every how many seconds the channel's vendor is asked for receipts; 0 where it is not."""


class NoLocalBridge:
    """Knows nothing."""

    def sign(self, prefix: str) -> str:
        """Return ""."""
        return ""

    def held(self, prefix: str) -> Sequence[str]:
        """Return nothing."""
        return ()

    def waiting(self, prefix: str, campaign: str, sent: int) -> int:
        """Return 0."""
        return 0

    def way_back(self, prefix: str) -> WayBack | None:
        """Return None."""
        return None

    def polled_s(self, prefix: str) -> float:
        """Return 0."""
        return 0.0
