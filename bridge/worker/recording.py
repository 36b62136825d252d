"""Recording one conclusion by itself, when it cannot be recorded with others or there are none."""

from collections.abc import Callable
from typing import NamedTuple

import structlog

from bridge.channels.isolation import Isolated
from bridge.clock import Clock, millis
from bridge.ledger import Conclusion, Ledger, Recorded
from bridge.services import ChannelServices, Sent

log = structlog.get_logger("bridge.worker")


class Written(NamedTuple):
    """What was written of a batch, and what that changed."""

    sent: Sent
    recorded: Recorded


class Recorder:
    """Writes single conclusions; what cannot be written as it is becomes unknown, and is never lost."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def record(self, services: ChannelServices, sent: Sent) -> Written | None:
        """Record a conclusion, else that the outcome is unknown. Returns None when neither was written.

        Then the batch is taken up again when its lease has lapsed. Raises LedgerUnavailable.
        """
        written = self._tried(lambda: sent)
        if written is None:
            written = self._tried(lambda: services.sending.lapse(sent.conclusion.batch))
        return written

    def _tried(self, conclude: Callable[[], Sent]) -> Written | None:
        with Isolated(log, "not recorded"):
            sent = conclude()
            return Written(sent, self._write(sent.conclusion))
        return None

    def _write(self, conclusion: Conclusion) -> Recorded:
        now = millis(self._clock)
        (recorded,) = self._ledger.write(
            lambda connection: self._ledger.batches.record(connection, [conclusion], now)
        )
        return recorded
