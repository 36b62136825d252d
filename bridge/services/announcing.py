"""Telling plugins what was halted and what goes on: pauses and breakers, whoever set or ended them."""

from collections.abc import Mapping

from bridge.channels import Hooks, OpenChannel
from bridge.clock import Clock, millis
from bridge.ledger import Halt, Halted, HaltKind, Ledger
from bridge.plugin import EventName


class Announcing:
    """Compares what stands still with what was told of it. Owned by one thread."""

    def __init__(self, channels: Mapping[str, OpenChannel], ledger: Ledger, clock: Clock) -> None:
        self._channels = channels
        self._ledger = ledger
        self._clock = clock
        self._known: Mapping[Halt, int] | None = None

    def run(self) -> None:
        """Tell what has changed, unless another worker has told it; a read where nothing has."""
        halted = {halt: now.times for halt, now in self._ledger.halts.now(self._channels.keys()).items()}
        if halted == self._known:
            return
        changes = self._ledger.halts.changes(self._channels.keys())
        self._known = halted
        for halt, now in changes.begun.items():
            self._begun(halt, now)
        for halt in changes.over:
            self._over(halt)

    def _begun(self, halt: Halt, halted: Halted) -> None:
        hooks = self._hooks(halt)
        rest_s = max(0, -((millis(self._clock) - halted.until) // 1000))
        if hooks is None:
            return
        if halt.kind is HaltKind.CHANNEL:
            hooks.announce(EventName.CHANNEL_PAUSED)
        elif halt.kind is HaltKind.ACCOUNT:
            hooks.announce(EventName.ACCOUNT_PAUSED, account=halt.account)
        elif halt.kind is HaltKind.REST:
            hooks.announce(EventName.ACCOUNT_RESTING, account=halt.account, rest_s=rest_s)
        else:
            hooks.announce(EventName.CALLBACKS_STOPPED, rest_s=rest_s)

    def _over(self, halt: Halt) -> None:
        hooks = self._hooks(halt)
        if hooks is None:
            return
        if halt.kind is HaltKind.CHANNEL:
            hooks.announce(EventName.CHANNEL_RESUMED)
        elif halt.kind is HaltKind.ACCOUNT:
            hooks.announce(EventName.ACCOUNT_RESUMED, account=halt.account)
        elif halt.kind is HaltKind.REST:
            hooks.announce(EventName.ACCOUNT_RECOVERED, account=halt.account)
        else:
            hooks.announce(EventName.CALLBACKS_RESUMED)

    def _hooks(self, halt: Halt) -> Hooks | None:
        """Return who is told; nobody of an account that is not configured any more."""
        channel = self._channels[halt.channel]
        if not halt.account:
            return channel.hooks
        account = channel.accounts.get(halt.account)
        return account.hooks if account is not None else None
