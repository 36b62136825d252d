"""What waits in channels with several accounts is given to one that takes it, before it is claimed."""

from collections import defaultdict

import structlog

from bridge.channels.isolation import Isolated
from bridge.clock import Clock, millis
from bridge.services import ChannelServices, Services

from .lanes import Lane

log = structlog.get_logger("bridge.worker")

_EVERY_MS = 100
_AFTER_NOTHING_MS = 400
"""What nobody takes now need not be looked at so often."""

_SILENT_S = 5.0
"""An account that lets every call wait so long may hang: what waits behind them need not wait for it."""

_SHARED_EVERY_MS = 2_000


class Distribution:
    """Looks, several times a second, for what has no account or may leave its own. Owned by one thread."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self._several = [one for one in services.values() if one.channel.several]
        self._clock = clock
        self._latest = 0
        self._pause_ms = _EVERY_MS
        self._slow: defaultdict[str, dict[str, range]] = defaultdict(dict)
        self._silent: defaultdict[str, set[str]] = defaultdict(set)
        self._shared: dict[tuple[str, str], int] = {}

    def note_slow(self, lane: Lane, rest: range) -> None:
        """Remember that an account has no rate left; what waits too long for it may go elsewhere."""
        self._slow[lane.channel.name][lane.account.name] = range(rest.start, rest.stop + _EVERY_MS)

    def note_silent(self, lane: Lane, silent_s: float) -> None:
        """Remember how long an account lets its calls wait; what has not been called goes elsewhere."""
        names = self._silent[lane.channel.name]
        (names.add if silent_s >= _SILENT_S else names.discard)(lane.account.name)

    def _share(self, services: ChannelServices, now: int) -> None:
        """Say of which accounts this worker has no answer, now and then while that is so."""
        name = services.channel.name
        for account in self._silent[name]:
            if abs(now - self._shared.get((name, account), 0)) >= _SHARED_EVERY_MS:
                services.routing.rates.note_silent(account, now)
                self._shared[name, account] = now

    def turn(self) -> None:
        """Distribute, if that was not done just now. Raises LedgerUnavailable."""
        now = millis(self._clock)
        if not self._several or 0 <= now - self._latest < self._pause_ms:
            return
        self._latest = now
        moved = 0
        for services in self._several:
            slow = self._slow[services.channel.name]
            used_up = [name for name, rest in slow.items() if now in rest]
            with Isolated(log, "not distributed", channel=services.channel.name):
                self._share(services, now)
                moved += services.routing.distribute(used_up, self._silent[services.channel.name])
        self._pause_ms = _EVERY_MS if moved else _AFTER_NOTHING_MS
