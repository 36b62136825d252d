"""Look-ups that make the lost call again, under a key by which the vendor knows it.

Where the call never arrived, such a look-up hands the messages over: it obeys what a send obeys.
"""

from bridge.clock import Clock, millis
from bridge.ledger import Claimed, Ledger


class Repeating:
    """Decides whether lost calls of one channel may be repeated."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def allows(self, claimed: Claimed) -> bool:
        """Return whether a call may be repeated now."""
        return self._is_dated(claimed, millis(self._clock))

    def _is_dated(self, claimed: Claimed, now: int) -> bool:
        """Return whether it is known when the call was made: its key holds that, and vendors forget keys.

        `called` of a batch is brought back after a clock that ran ahead, that of its attempt never.
        """
        if claimed.called is None or claimed.called > now:
            return False
        attempts = self._ledger.attempts.of([claimed.id])[claimed.id]
        return not attempts or any(one.called == claimed.called for one in attempts)
