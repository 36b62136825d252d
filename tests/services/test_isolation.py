"""One bad thing must not hold up the others."""

from contextlib import suppress

import pytest
import structlog

from bridge.ledger import LedgerUnavailable
from bridge.services.isolation import Isolated

log = structlog.get_logger("test")


@pytest.mark.parametrize(
    ("raised", "goes_through"),
    [
        (None, False),
        (ValueError("a value out of range"), False),
        (LedgerUnavailable("away"), True),
        (SystemExit(3), True),
        (KeyboardInterrupt(), True),
    ],
    ids=repr,
)
def test_what_fails_ends_there(raised: BaseException | None, goes_through: bool) -> None:
    """Unless it concerns everything."""
    passed: BaseException | None = None
    guard = Isolated(log, "not done", batch="b1")
    with structlog.testing.capture_logs() as logged, suppress(BaseException):
        try:
            with guard:
                if raised is not None:
                    raise raised
        except BaseException as error:
            passed = error
    failed = raised is not None and not goes_through
    assert passed is (raised if goes_through else None)
    assert guard.failed is failed
    assert guard.error is (raised if failed else None)
    assert [(one["event"], one["batch"]) for one in logged] == ([("not done", "b1")] if failed else [])
