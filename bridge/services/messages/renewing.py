"""An account whose settings name another vendor account begins anew: pause and rest were the other's."""

import structlog

from bridge.channels import OpenChannel
from bridge.clock import FOREVER_MS, Clock, millis
from bridge.ledger import Ledger

log = structlog.get_logger("bridge.accounts")


class Renewing:
    """Looks at the accounts of one channel once in a process: its settings do not change while it runs."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._ledger = ledger
        self._clock = clock
        self._looked = False

    def run(self) -> list[str]:
        """Let accounts be called that are others than before. Returns their names, none the second time."""
        if self._looked:
            return []
        name = self._channel.name
        identities = {one.name: one.hooks.identity for one in self._channel.accounts.values()}
        primary = self._channel.primary.name
        before = self._ledger.accounts.identity(name, primary)
        if before and before != identities[primary]:
            # A code that a person gave where the account could not be told is that of the one before.
            self._ledger.templates.belong(name, before)
        others = self._ledger.accounts.renew(name, identities, millis(self._clock))
        self._looked = True
        if others:
            log.info("accounts begin anew", channel=name, accounts=others)
        state = self._ledger.coordination.channel_state(name)
        by_bridge = bool(state.pauses) and state.paused_until < FOREVER_MS
        if others and by_bridge and not self._channel.several:
            self._ledger.coordination.resume(name)
        return others
