"""Tells whether it is known when a call was made: what time proves of it is proved by that alone.

A clock that was set leaves calls whose age nobody knows: a vendor may have forgotten their keys, or looks for
them at another time and shows nothing. Such calls are neither repeated nor believed to be absent.
"""

from bridge.channels import OpenChannel
from bridge.clock import Clock, hours, millis
from bridge.ledger import Claimed, Ledger

from .timekeeping import Timekeeping


class Dating:
    """Tells the calls of one channel whose time is known."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock, times: Timekeeping) -> None:
        self._life_ms = hours(channel.settings.unknown_deadline_h)
        self._ledger = ledger
        self._clock = clock
        self._times = times

    def knows(self, claimed: Claimed) -> bool:
        """Return whether it is known when a batch was called.

        `called` of a batch is brought back after a clock that ran ahead, that of its attempt never.
        """
        called, now = claimed.called, millis(self._clock)
        if called is None or called > now:
            return False
        if self._times.steps().doubt(called, now, self._life_ms):
            return False
        attempts = self._ledger.attempts.of([claimed.id])[claimed.id]
        return not attempts or any(one.called == called for one in attempts)

    def missed(self, claimed: Claimed) -> int:
        """Return since when the age of a call that was made before is watched again; 0 where it always was.

        Its machine's clock may be far behind: until that machine notes its time the call seems old.
        """
        missed = self._times.steps().missed
        return missed if (claimed.called or 0) <= missed else 0
