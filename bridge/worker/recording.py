"""Recording one conclusion by itself, when it cannot be recorded with others or there are none."""

from collections.abc import Callable

import structlog

from bridge.channels.isolation import Isolated
from bridge.clock import Clock, millis
from bridge.ledger import Conclusion, Ledger, Recorded
from bridge.services import ChannelServices, Sent

log = structlog.get_logger("bridge.worker")


class Recorder:
    """Writes single conclusions; what cannot be written as it is becomes unknown, and is never lost."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def record(self, services: ChannelServices, sent: Sent) -> Recorded | None:
        """Record a conclusion, else that the outcome is unknown. Returns None when neither was written.

        Then the batch is taken up again when its lease has lapsed. Raises LedgerUnavailable.
        """
        recorded = self._tried(lambda: sent)
        if recorded is None:
            recorded = self._tried(lambda: services.sending.lapse(sent.conclusion.batch))
        return recorded

    def _tried(self, conclude: Callable[[], Sent]) -> Recorded | None:
        with Isolated(log, "not recorded"):
            return self._write(conclude().conclusion)
        return None

    def _write(self, conclusion: Conclusion) -> Recorded:
        now = millis(self._clock)
        (recorded,) = self._ledger.write(
            lambda connection: self._ledger.batches.record(connection, [conclusion], now)
        )
        return recorded
