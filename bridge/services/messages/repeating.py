"""Look-ups that make the lost call again, under a key by which the vendor knows it.

Where the call never arrived, such a look-up hands the messages over: it obeys what a send obeys. A batch is
repeated as a whole or not at all, since its key stands for all that it holds. Nor is one whose time is not
known: its key holds that, and vendors forget keys.
"""

from collections.abc import Collection
from dataclasses import replace

from bridge.channels import OpenChannel
from bridge.channels.registry import OpenAccount
from bridge.clock import Clock, millis, moment
from bridge.ledger import Account, AccountKey, CampaignState, Claimed, Ledger, Room, Shown
from bridge.plugin import SubmitResult

from ..history import asking
from .account_health import failure_of
from .dating import Dating
from .drafting import Draft
from .routing import Routing


class Repeating:
    """Decides whether lost calls of one channel may be repeated, and notes what a repeat showed."""

    def __init__(
        self, channel: OpenChannel, routing: Routing, dating: Dating, ledger: Ledger, clock: Clock
    ) -> None:
        self._channel = channel
        self._routing = routing
        self.dating = dating
        self._ledger = ledger
        self._clock = clock

    def allows(self, drafted: Draft, account: OpenAccount) -> bool:
        """Return whether a call may be repeated now."""
        claimed, now = drafted.claimed, millis(self._clock)
        return (
            self.dating.knows(claimed)
            and self._runs(claimed, now)
            and self._takes(account, now)
            and not self._objected(drafted, now)
        )

    def note(self, account: OpenAccount, results: Collection[SubmitResult]) -> None:
        """Note what a repeat showed of its account, and take it from the account's rate."""
        name, now, failure = account.name, millis(self._clock), failure_of(results)
        rates = self._routing.rates
        if rates.per_second(name):
            rate = rates.rate(name, now)
            self._ledger.write(
                lambda connection: self._ledger.coordination.take(connection, units=len(results), **rate)
            )
        if failure is not None:
            shown = Shown(AccountKey(self._channel.name, name), failure, Room(1, len(results)))
            self._ledger.write(lambda connection: self._ledger.accounts.allow(connection, [shown], [], now))

    def _runs(self, claimed: Claimed, now: int) -> bool:
        """Return whether neither the campaign nor the channel was stopped."""
        running = self._ledger.controlling.state_of_send(claimed.send_id) is CampaignState.RUNNING
        return running and self._ledger.coordination.channel_state(self._channel.name).paused_until <= now

    def _takes(self, account: OpenAccount, now: int) -> bool:
        """Return whether the account may be called: on trial, whatever waits for it tries it first."""
        name = self._channel.name
        state = self._ledger.accounts.of(name).get(account.name, Account(name, account.name))
        if state.down(now) or account.name in self._routing.rates.slow(now):
            return False
        of_several = account.name if self._channel.several else None
        return not (state.on_trial and self._ledger.batches.has_due(name, now, of_several))

    def _objected(self, drafted: Draft, now: int) -> bool:
        """Return whether a policy refuses or defers any message, or others are calling its recipient."""
        if drafted.batch is None:
            return True
        batch = replace(drafted.batch, called_at=moment(now))
        standing = [drafted.phones[seq].digits for seq in drafted.seqs]
        with asking(drafted.claimed, standing) as mine:
            verdicts = self._channel.hooks.screen(batch)
        return bool(mine.busy) or not all(verdict.sends for verdict in verdicts)
