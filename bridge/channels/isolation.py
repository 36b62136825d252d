"""One bad thing must not hold up the others: what fails is logged, and the work goes on without it."""

from types import TracebackType
from typing import Any, Self

from bridge.ledger import LedgerUnavailable
from bridge.plugin import BridgeError


class Isolated:
    """A block whose failure is logged as `event` and ends there; `error` is what failed, if anything did.

    A ledger that is away is nobody's fault and concerns everything: LedgerUnavailable goes `through`, unless
    the caller says that nothing does. So does what is meant to end the thread or the process, unless
    `catches` it.
    """

    def __init__(
        self,
        log: Any,
        event: str,
        *,
        through: tuple[type[BaseException], ...] = (LedgerUnavailable,),
        catches: type[BaseException] = Exception,
        **fields: object,
    ) -> None:
        self._log = log
        self._event = event
        self._through = through
        self._catches = catches
        self._fields = fields
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, self._catches) or isinstance(error, self._through):
            return False
        self.error = error
        self._tell(error)
        return True

    def _tell(self, error: BaseException) -> None:
        # That the database is away needs no traceback: it is the same from everywhere.
        away = isinstance(error, LedgerUnavailable)
        told = {"error": str(error)} if away else {"exc_info": error}
        self._log.error(self._event, **told, **self._fields)

    @property
    def failed(self) -> bool:
        """True once the block has failed."""
        return self.error is not None


class Tolerated(Isolated):
    """A block in which a plugin may refuse: its BridgeError is a warning with its code, and the block ends.

    Anything else that fails goes through: it is no answer of a plugin.
    """

    def __init__(self, log: Any, event: str, **fields: object) -> None:
        super().__init__(log, event, through=(), catches=BridgeError, **fields)

    def _tell(self, error: BaseException) -> None:
        code = error.code if isinstance(error, BridgeError) else ""
        self._log.warning(self._event, code=code, **self._fields)
