"""What plugins may ask of the bridge's history: the face of `bridge.plugin.History`, one per channel."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bridge.clock import Clock, millis, millis_of
from bridge.ledger import Ledger
from bridge.plugin import Phone
from bridge.plugin.moments import require_aware


class ChannelHistory:
    """The history of one channel."""

    def __init__(self, ledger: Ledger, channel: str, clock: Clock) -> None:
        self._ledger = ledger
        self._channel = channel
        self._clock = clock

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        """Return those of `phones` that must not be sent to under this signature."""
        by_digits = {phone.digits: phone for phone in phones}
        found = self._ledger.suppressions.among(self._channel, sign_name, list(by_digits))
        return frozenset(by_digits[digits] for digits in found)

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """Return how many messages each number was sent since then; numbers without any are left out."""
        require_aware(self, since=since)
        by_digits = {phone.digits: phone for phone in phones}
        counts = self._ledger.history.recent_sends(
            self._channel, list(by_digits), since=millis_of(since), now=millis(self._clock)
        )
        return {by_digits[digits]: count for digits, count in counts.items()}

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Take `units` from a rate bucket shared by all workers. Returns the seconds to wait first."""
        name = f"{self._channel}/{bucket}"
        now_us = int(self._clock() * 1_000_000)
        wait = self._ledger.write(
            lambda connection: self._ledger.coordination.take(
                connection, name, units, per_second=per_second, burst=per_second, now_us=now_us
            )
        )
        return wait / 1_000_000

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """Return those of `vendor_ids` that messages of this channel already carry."""
        return self._ledger.history.claimed(self._channel, sorted(set(vendor_ids)))
