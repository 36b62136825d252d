"""What plugins may ask of the bridge's history: the face of `bridge.plugin.History`, one per channel."""

import threading
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from typing import ClassVar

from bridge.clock import Clock, millis, millis_of
from bridge.ledger import Claimed, InCall, Ledger
from bridge.plugin import BadNumber, Phone
from bridge.plugin.moments import require_aware
from bridge.plugin.phone import parse

_REMEMBERED = 4096
"""More batches than a process has in call at a time."""
_TAIL = 6
"""So many digits at a number's end tell nearly all numbers apart, however it is written."""


class Asking:
    """A claimed batch whose policies ask; `busy` becomes the numbers asked for that others are calling now.

    `standing`: numbers whose message counts as sent already, because it may be: asked before it is repeated.

    What such a call comes to is in no row yet: two batches at once would both find room under a cap. It
    counts as sent; whom that stops waits for what becomes of it.
    """

    _lock = threading.Lock()
    _begun: ClassVar[deque[tuple[int, int | None]]] = deque(maxlen=_REMEMBERED)

    def __init__(self, claimed: Claimed, standing: Collection[str] = ()) -> None:
        self._claimed = claimed
        self._standing = Counter(standing)
        self.busy: set[str] = set()
        with self._lock:
            self._before = frozenset(self._begun)
            self._begun.append((claimed.id, claimed.called))

    def own_since(self, since: int) -> Counter[str]:
        """Return how often the batch's own messages are among those sent since then."""
        return self._standing if since <= (self._claimed.called or 0) else Counter()

    def yields_to(self, other: InCall) -> bool:
        """Return whether this batch waits for another: not for one of this process that asks after it."""
        if other.id == self._claimed.id:
            return False
        return other.owner != self._claimed.owner or (other.id, other.called) in self._before


_asking: ContextVar[Asking | None] = ContextVar("asking", default=None)


@contextmanager
def asking(claimed: Claimed, standing: Collection[str] = ()) -> Iterator[Asking]:
    """Let what policies ask within be asked for this batch."""
    mine = Asking(claimed, standing)
    token = _asking.set(mine)
    try:
        yield mine
    finally:
        _asking.reset(token)


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
        # Before the count: a call that is recorded in between is counted, and waited for once too often.
        calling = Counter[str]()
        if (mine := _asking.get()) is not None:
            others = [one for one in self._ledger.history.in_call(self._channel) if mine.yields_to(one)]
            calling = _among(by_digits, others)
            mine.busy |= calling.keys()
        counts = calling + Counter(
            self._ledger.history.recent_sends(
                self._channel, list(by_digits), since=millis_of(since), now=millis(self._clock)
            )
        )
        if mine is not None:
            counts -= mine.own_since(millis_of(since))
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


def _among(digits: Collection[str], batches: Iterable[InCall]) -> Counter[str]:
    """Return how often some numbers are recipients of batches."""
    tails = {one[-_TAIL:] for one in digits}
    found = Counter[str]()
    for batch in batches:
        for raw in batch.recipients.phones:
            tail = raw[-_TAIL:]
            if tail in tails or not (tail.isascii() and tail.isdigit()):
                with suppress(BadNumber):
                    found[parse(raw, batch.type).digits] += 1
    return Counter({one: found[one] for one in digits if one in found})
