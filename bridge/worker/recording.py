"""Recording one conclusion by itself, when it cannot be recorded with others or there are none."""

from collections.abc import Callable

import structlog

from bridge.ledger import Conclusion, Ledger, LedgerUnavailable, Recorded
from bridge.services import ChannelServices, Dispatched
from bridge.services.records import Clock, millis

log = structlog.get_logger("bridge.worker")


class Recorder:
    """Writes single conclusions; what cannot be written as it is becomes unknown, and is never lost."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def record(self, services: ChannelServices, dispatched: Dispatched) -> Recorded | None:
        """Record a conclusion, else that the outcome is unknown; None when neither could be written.

        Then the chunk is taken up again when its lease has lapsed. Raises LedgerUnavailable.
        """
        recorded = self._tried(lambda: dispatched)
        if recorded is None:
            recorded = self._tried(lambda: services.dispatching.lapse(dispatched.conclusion.chunk))
        return recorded

    def _tried(self, conclude: Callable[[], Dispatched]) -> Recorded | None:
        try:
            return self._write(conclude().conclusion)
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("not recorded")
            return None

    def _write(self, conclusion: Conclusion) -> Recorded:
        now = millis(self._clock)
        (recorded,) = self._ledger.write(
            lambda connection: self._ledger.chunks.record(connection, [conclusion], now)
        )
        return recorded
