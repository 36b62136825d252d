"""Keeps what a process knows of its clock: what it shows, when it was set, and since when it is watched."""

import structlog

from bridge.clock import Clock, Watch, millis
from bridge.ledger import Ledger
from bridge.ledger.ahead import Steps

log = structlog.get_logger("bridge.timekeeping")


class Timekeeping:
    """Notes the time in the ledger, where other machines compare it with theirs."""

    def __init__(self, ledger: Ledger, clock: Clock, tick: Clock, apart_s: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._watch = Watch(clock, tick, apart_s)
        self._noted = False

    def note(self) -> None:
        """Note what time it is; one whose clock was set since says so."""
        step = self._watch.step()
        if self._ledger.ahead.note(millis(self._clock), max(step, 0), self._watch.began):
            log.warning("a clock was set: nobody knows how old lost calls are")
        self._noted = True
        if step:
            self._watch.believe()

    def look(self) -> None:
        """Note the time at first, and whenever the clock was set: before anything is dated by it."""
        if not self._noted or self._watch.step():
            self.note()

    def steps(self) -> Steps:
        """Return what clocks have shown until now, this one included."""
        known = self._ledger.ahead.steps()
        if self._watch.step() or known.misses(self._watch.began):
            self.note()
            known = self._ledger.ahead.steps()
        return known
