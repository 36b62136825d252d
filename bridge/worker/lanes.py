"""The lanes of the send loop: one for each vendor account of each channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.channels import OpenAccount, OpenChannel
from bridge.ledger import AccountKey, Callee
from bridge.services import ChannelServices, Services


@dataclass(frozen=True, slots=True)
class Lane:
    """A channel's account as the send loop sees it."""

    services: ChannelServices
    account: OpenAccount

    @property
    def channel(self) -> OpenChannel:
        """Its channel."""
        return self.services.channel

    @property
    def name(self) -> str:
        """What names it among all lanes: the channel, and the account where there is a choice."""
        return f"{self.channel.name}/{self.account.name}" if self.channel.several else self.channel.name

    @property
    def key(self) -> AccountKey:
        """What names the account in the ledger."""
        return AccountKey(self.channel.name, self.account.name)

    @property
    def of_several(self) -> str | None:
        """The account's name where the channel has a choice, else None."""
        return self.account.name if self.channel.several else None

    @property
    def concurrency(self) -> int:
        """How many calls one worker has in flight."""
        return self.account.settings.concurrency or self.channel.settings.concurrency

    @property
    def rate_per_s(self) -> float:
        """The most messages a second; 0 for no limit."""
        return self.services.routing.rates.per_second(self.account.name)

    def rate(self, now: int) -> dict[str, Any]:
        """Return its rate bucket."""
        return self.services.routing.rates.rate(self.account.name, now)

    @property
    def callee(self) -> Callee:
        """What a claim must know; what waits may have been cut for another account, or other settings."""
        limits, rate = self.account.hooks.limits, self.rate_per_s
        sizes = [limits.messages, limits.for_call(uniform=True)]
        messages, uniform = [min(size, max(1, int(rate))) if rate else size for size in sizes]
        alone = not self.channel.several
        return Callee(
            self.account.name, self.account.hooks.identity, alone=alone, messages=messages, uniform=uniform
        )


def lanes_of(services: Services) -> Mapping[str, Lane]:
    """Return the lanes of all channels by their names."""
    lanes = [Lane(one, account) for one in services.values() for account in one.channel.accounts.values()]
    return {lane.name: lane for lane in lanes}
