"""One bad thing must not hold up the others: what fails is logged, and the work goes on without it."""

from types import TracebackType
from typing import Any, Self

from bridge.ledger import LedgerUnavailable


class Isolated:
    """A block whose failure is logged as `event` and ends there; `error` is what failed, if anything did.

    A ledger that is away is nobody's fault and concerns everything: LedgerUnavailable goes through, and so
    does what is meant to end the thread or the process.
    """

    def __init__(self, log: Any, event: str, **fields: object) -> None:
        self._log = log
        self._event = event
        self._fields = fields
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, LedgerUnavailable):
            return False
        self.error = error
        self._log.error(self._event, exc_info=error, **self._fields)
        return True

    @property
    def failed(self) -> bool:
        """True once the block has failed."""
        return self.error is not None
