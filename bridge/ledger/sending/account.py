"""How much may be risked at a vendor account: slow start and breaker, shared by all workers.

An account without a success in the last minute gets one call at a time, of few messages. Each round of
successes doubles both; a failed call (outcome unknown, or the vendor unavailable) halves them. Three failures
in a row, over all workers, open the breaker: nothing is called for a while, then one message tries. So an
outage costs a few small calls, and what is not called waits.
"""

import random
from dataclasses import dataclass, replace
from typing import NamedTuple

from bridge.clock import MINUTE_MS

FIRST_MESSAGES = 100
FREE_CALLS = 64
"""So many calls at a time are not counted any more: a worker's own threads limit them before."""
FAILURES_TO_OPEN = 3
SHORTEST_REST_MS = 5_000
LONGEST_REST_MS = 300_000
_PROVEN_MS = MINUTE_MS
_RENEWED_MS = 15_000
_UNLIMITED = 1 << 30
PAUSE = ("paused_until", "pauses", "pause_reason")


class AccountKey(NamedTuple):
    """What names an account."""

    channel: str
    name: str


class Room(NamedTuple):
    """Return how many calls may be begun at an account now, and how many messages each may hold."""

    calls: int
    messages: int


FREE = Room(FREE_CALLS, _UNLIMITED)


class Shown(NamedTuple):
    """What a call showed of its account.

    `failure`: why, "" when answered. `called`: when it began, if known. The others: see `after_failure`.
    """

    key: AccountKey
    failure: str
    used: Room = FREE
    called: int | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A vendor account of a channel, with what may be risked at it. Times are milliseconds.

    `calls`: at a time, over all workers. `messages`: in one call. `opens`: how often the breaker opened since
    the last success, 0 while closed; until `open_until` nothing is called. `reason`: of the last failure.
    """

    channel: str
    name: str
    calls: int = 1
    messages: int = FIRST_MESSAGES
    successes: int = 0
    failures: int = 0
    succeeded: int = 0
    failed: int = 0
    opens: int = 0
    open_until: int = 0
    reason: str = ""
    paused_until: int = 0
    pauses: int = 0
    pause_reason: str = ""

    @property
    def key(self) -> AccountKey:
        """What names it."""
        return AccountKey(self.channel, self.name)

    def rests(self, now: int) -> bool:
        """Return True while the breaker is open; one beyond the longest rest was set by a wrong clock."""
        return now < self.open_until <= now + 2 * LONGEST_REST_MS

    def paused(self, now: int) -> bool:
        """Return True while nothing is called: its credentials are refused, or a person paused it."""
        return now < self.paused_until

    def down(self, now: int) -> bool:
        """Return True while nothing is called, for one reason or the other."""
        return self.rests(now) or self.paused(now)

    @property
    def on_trial(self) -> bool:
        """True after a rest or a pause, until a call has shown that the account works."""
        return bool(self.opens or self.pauses)

    def allowed(self, now: int) -> Room:
        """Return how many calls at a time, of how many messages each, may be made; none while it is open."""
        if self.rests(now):
            return Room(0, 0)
        if self.opens:
            return Room(1, 1)
        if abs(now - self.succeeded) > _PROVEN_MS:
            return Room(1, min(self.messages, FIRST_MESSAGES))
        return Room(self.calls, self.messages if self.calls < FREE_CALLS else _UNLIMITED)

    def after_success(self, now: int) -> "Account":
        """Return the account after a call that the vendor answered.

        Nothing changes while it runs freely and a success was noted just now: most calls write nothing.
        """
        if self.opens:
            return self._begun_anew(now)
        room = self.allowed(now)
        if room.calls >= FREE_CALLS:
            renewed = self.failures == 0 and abs(now - self.succeeded) < _RENEWED_MS
            return self if renewed else replace(self, failures=0, succeeded=now, reason="")
        successes = self.successes + 1 if room.calls == self.calls else 1
        if successes < room.calls:
            return replace(self, successes=successes, failures=0, succeeded=now, reason="")
        return replace(self._begun_anew(now), calls=2 * room.calls, messages=2 * room.messages)

    def _begun_anew(self, now: int) -> "Account":
        pause = {name: getattr(self, name) for name in PAUSE}
        return replace(Account(self.channel, self.name, succeeded=now, failed=self.failed), **pause)

    def after_failure(
        self, now: int, reason: str, used: Room = FREE, called: int | None = None, *, lapsed: bool = False
    ) -> "Account":
        """Return the account after a call of unknown outcome, or one that the vendor could not take.

        `used`: the calls at a time that its worker makes, and the messages of this one; half of both is left.
        `lapsed`: its worker vanished in it. What a worker leaves behind when it is killed shows once what one
        such call does: of those begun before the latest failure the others show nothing new.
        """
        # A failure yet to come is of a clock ahead, or set back since: it does not tell which was first.
        before = called is not None and called <= self.failed <= now
        if self.rests(now) or (before and (self.opens or lapsed)):
            return replace(self, reason=reason)  # began before the breaker opened: it is no trial
        room = self.allowed(now)
        failed = replace(
            self,
            calls=max(1, min(room.calls, used.calls) // 2),
            messages=max(1, min(room.messages, self.messages, max(used.messages, FIRST_MESSAGES)) // 2),
            successes=0,
            failures=self.failures + 1,
            failed=now,
            reason=reason,
        )
        if failed.failures < FAILURES_TO_OPEN:
            return failed
        rest = min(SHORTEST_REST_MS * 2.0 ** min(self.opens, 16), LONGEST_REST_MS)
        return replace(failed, opens=self.opens + 1, open_until=now + int(rest * random.uniform(0.9, 1.1)))
