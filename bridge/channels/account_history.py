"""What one account's plugins may ask of the bridge's records: the channel's, but rates of their own."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bridge.plugin import History, Phone


class AccountHistory:
    """The channel's history as the plugins of one of several accounts see it."""

    def __init__(self, history: History, account: str) -> None:
        self._history = history
        self._account = account

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        """Return those of `phones` that must not be sent to: the list is the channel's."""
        return self._history.suppressed(phones, sign_name)

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """Return how many messages each number was sent since then, through any account."""
        return self._history.recent_sends(phones, since)

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Take from a rate bucket of this account. Returns the seconds to wait first."""
        return self._history.take(f"{self._account}/{bucket}", units, per_second)

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """Return those of `vendor_ids` that messages of this channel already carry."""
        return self._history.claimed(vendor_ids)
