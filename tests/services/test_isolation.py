"""One bad thing must not hold up the others."""

from contextlib import suppress
from typing import Any

import pytest
import structlog

from bridge.ledger import LedgerUnavailable
from bridge.services.isolation import Isolated

log = structlog.get_logger("test")


PLAIN: dict[str, Any] = {}
NOTHING_PASSES: dict[str, Any] = {"through": ()}
OF_A_THREAD: dict[str, Any] = {"through": (), "catches": BaseException}


@pytest.mark.parametrize(
    ("how", "raised", "goes_through"),
    [
        (PLAIN, None, False),
        (PLAIN, ValueError("a value out of range"), False),
        (PLAIN, LedgerUnavailable("away"), True),
        (PLAIN, SystemExit(3), True),
        (PLAIN, KeyboardInterrupt(), True),
        (NOTHING_PASSES, LedgerUnavailable("away"), False),
        (NOTHING_PASSES, SystemExit(3), True),
        (OF_A_THREAD, LedgerUnavailable("away"), False),
        (OF_A_THREAD, SystemExit(3), False),
    ],
    ids=repr,
)
def test_what_fails_ends_there(how: dict[str, Any], raised: BaseException | None, goes_through: bool) -> None:
    """Unless it concerns everything."""
    passed: BaseException | None = None
    guard = Isolated(log, "not done", batch="b1", **how)
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
