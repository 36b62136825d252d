"""The last day of every channel, as an overview shows it: accepted by hour, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.clock import DAY_MS, HOUR_MS, Clock, millis, seconds
from bridge.ledger import Ledger
from bridge.plugin import MessageStatus
from bridge.plugin.status import FAILED

from ..sentences import never_called, sentence

HOURS = 24
_TOP = 5
WORKER_SILENCE_S = 30
"""So long after its last word a worker counts as gone."""


@dataclass(frozen=True, slots=True)
class TopFailure:
    """So many messages failed with a code, and what it says."""

    code: str
    count: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Day:
    """One channel's last day. `hours`: recipients accepted in each, the oldest first.

    `called`: messages that a vendor was called with, not those that the bridge itself refused; `delivered`
    and `failed` of the messages accepted then.
    """

    channel: str
    hours: Sequence[int]
    called: int
    delivered: int
    failed: int
    failures: Sequence[TopFailure]

    @property
    def delivered_share(self) -> float | None:
        """Return the share of the ended messages that was delivered, None while none has ended."""
        ends = self.delivered + self.failed
        return self.delivered / ends if ends else None


class LastDay:
    """Reads the last day of channels."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def of(self, channels: Sequence[str]) -> list[Day]:
        """Return the last day of each channel, in their order."""
        now = millis(self._clock)
        latest = self._ledger.latest_sends
        last, since = now // HOUR_MS, now - DAY_MS
        hours = {(one.channel, one.hour): one.recipients for one in latest.hours(channels, since)}
        codes = {name: Counter[str]() for name in channels}
        called, delivered = Counter[str](), Counter[str]()
        for one in latest.became(channels, since):
            if one.status == MessageStatus.DELIVERED:
                delivered[one.channel] += one.number
            if not never_called(one.status, one.code):
                called[one.channel] += one.number
            if one.status in FAILED:
                codes[one.channel][one.code] += one.number
        return [
            _day(
                name,
                [hours.get((name, last - back), 0) for back in reversed(range(HOURS))],
                called[name],
                delivered[name],
                codes[name],
            )
            for name in channels
        ]

    def workers(self) -> int:
        """Return how many workers are alive."""
        since = millis(self._clock) - seconds(WORKER_SILENCE_S)
        return len(self._ledger.coordination.live_workers(since=since))


def _day(name: str, hours: Sequence[int], called: int, delivered: int, codes: Counter[str]) -> Day:
    top = [TopFailure(code, count, sentence(code)) for code, count in codes.most_common(_TOP)]
    return Day(name, hours, called, delivered, codes.total(), top)
