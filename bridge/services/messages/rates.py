"""What lets an account wait beside its breaker and its pauses: its rate, its vendor's wish, its silence.

All of it stands in the ledger, so that every worker and a person who asks know the same.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bridge.clock import HOUR_MS
from bridge.ledger import Hold, Ledger
from bridge.settings import ChannelSettings

THROTTLED = "The vendor asked to send slower."
SILENT = "Its calls have no answer yet."
_LONGEST_MS = HOUR_MS
_SILENCE_MS = 5_000
"""A worker that finds an account silent says so again before that."""


class Slow(NamedTuple):
    """Why an account takes nothing just now, and until when (milliseconds)."""

    hold: Hold
    until: int
    words: str


class Rates:
    """The rates of one channel's accounts."""

    def __init__(self, channel: str, settings: ChannelSettings, ledger: Ledger) -> None:
        self._channel = channel
        self._settings = settings
        self._accounts = dict(settings.all_accounts)
        self._coordination = ledger.coordination

    def slow(self, now: int) -> Mapping[str, Slow]:
        """Return the accounts that have no room now: their rate is used up, or their vendor said so."""
        terms = {account: list(self._terms(account, now)) for account in self._accounts}
        buckets = [one["bucket"] for found in terms.values() for one, _, _ in found]
        arrivals = self._coordination.arrivals(buckets)
        slow: dict[str, Slow] = {}
        for account, found in terms.items():
            for one, hold, words in found:
                wait_us = self._coordination.wait_of(arrivals.get(one["bucket"]), **one)
                until = now - (-wait_us // 1000)
                if wait_us > 0 and until <= now + _LONGEST_MS and until > slow.get(account, _NEVER).until:
                    slow[account] = Slow(hold, until, words)
        return slow

    def silent(self, now: int) -> set[str]:
        """Return the accounts of which a worker found lately that they do not answer their calls."""
        names = {self._bucket(account, "silent"): account for account in self._accounts}
        arrivals = self._coordination.arrivals(list(names))
        return {
            names[bucket]
            for bucket, arrival in arrivals.items()
            if now * 1000 < arrival <= (now + 2 * _SILENCE_MS) * 1000
        }

    def note_throttled(self, account: str, until: int) -> None:
        """Let every worker know until when an account asked to be left alone."""
        self._coordination.rest(self._bucket(account, "throttled"), until)

    def throttled_until(self, connection: Any, account: str, now: int) -> int:
        """Return until when an account asked to be left alone, 0 for not at all; in the caller's transaction.

        A moment too far away was never meant: a clock had run ahead.
        """
        wait_us = self._coordination.peek(connection, **self._rest(account, now))
        return now - (-wait_us // 1000) if 0 < wait_us <= _LONGEST_MS * 1000 else 0

    def note_silent(self, account: str, now: int) -> None:
        """Let every worker know that an account does not answer its calls just now."""
        self._coordination.rest(self._bucket(account, "silent"), now + _SILENCE_MS)

    def per_second(self, account: str) -> float:
        """Return the most messages a second; 0 for no limit."""
        own = self._accounts[account].rate_per_s
        return self._settings.rate_per_s if own is None else own

    def rate(self, account: str, now: int) -> dict[str, Any]:
        """Return its rate bucket; a claim takes at most a second's worth, so much of the burst is its own."""
        own = self._accounts[account].burst
        burst = self._settings.burst if own is None else own
        per_second = self.per_second(account)
        return {
            "bucket": self._bucket(account, "rate"),
            "per_second": per_second,
            "burst": max(0.0, burst - per_second),
            "now_us": now * 1000,
        }

    def _terms(self, account: str, now: int) -> Iterator[tuple[dict[str, Any], Hold, str]]:
        per_second = self.per_second(account)
        if per_second:
            yield self.rate(account, now), Hold.RATE, f"{per_second:g} messages a second"
        yield self._rest(account, now), Hold.THROTTLED, THROTTLED

    def _rest(self, account: str, now: int) -> dict[str, Any]:
        bucket = self._bucket(account, "throttled")
        return {"bucket": bucket, "per_second": 1.0, "burst": 0.0, "now_us": now * 1000}

    def _bucket(self, account: str, what: str) -> str:
        several = len(self._accounts) > 1
        return f"{self._channel}/{account}/{what}" if several else f"{self._channel}/{what}"


_NEVER = Slow(Hold.RATE, 0, "")
