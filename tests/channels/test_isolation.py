"""One bad thing must not hold up the others."""

from contextlib import suppress
from typing import Any

import pytest
import structlog

from bridge.channels.isolation import Isolated, Tolerated
from bridge.ledger import LedgerUnavailable
from bridge.plugin import VendorRejected

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


def test_a_refusal_is_a_warning_with_its_code() -> None:
    """The block ends, and the work goes on."""
    refusal = VendorRejected("There is no such signature.")
    with structlog.testing.capture_logs() as logged, Tolerated(log, "not asked", batch="b1") as asked:
        raise refusal
    assert asked.error is refusal
    assert logged == [
        {"event": "not asked", "log_level": "warning", "code": "VENDOR_REJECTED", "batch": "b1"}
    ]


@pytest.mark.parametrize("raised", [ValueError("a bug"), LedgerUnavailable("away")], ids=repr)
def test_what_is_no_refusal_goes_through(raised: Exception) -> None:
    """It is no answer of a plugin."""
    with pytest.raises(type(raised)), Tolerated(log, "not asked"):
        raise raised
