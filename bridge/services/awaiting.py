"""Waiting for the database: a process that starts before it is there goes on as soon as it is."""

import threading
from collections.abc import Callable

import structlog

from bridge.ledger import LedgerUnavailable

log = structlog.get_logger("bridge.database")

_AGAIN_S = 2.0

Wait = Callable[[float], bool]
"""Waits so many seconds. Returns True when told to wait no longer, as `threading.Event.wait` does."""


def when_there(look: Callable[[], object], wait: Wait | None = None) -> bool:
    """Look until the database can be worked with; each reason why it cannot is logged once.

    Returns False when told to wait no longer.
    """
    wait = wait or threading.Event().wait
    told = ""
    while True:
        try:
            look()
        except LedgerUnavailable as away:
            if str(away) != told:
                told = str(away)
                log.error("nothing can be done without the database, waiting for it", reason=told)
        else:
            if told:
                log.info("the database is there")
            return True
        if wait(_AGAIN_S):
            return False
