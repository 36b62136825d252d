"""Rows of prices that no message can fit."""

from collections.abc import Iterator, Mapping, Sequence

from .faults import Fault
from .models import ChannelSettings
from .prices import PriceSettings


def price_checks(prices: Sequence[PriceSettings], channels: Mapping[str, ChannelSettings]) -> Iterator[Fault]:
    """Return the faults of prices that name a channel or an account that there is not."""
    for index, row in enumerate(prices):
        path = f"prices[{index}]"
        if row.channel and row.channel not in channels:
            yield Fault(
                f"{path}.channel",
                f"There is no channel {row.channel}.",
                f"Name one of {', '.join(channels)}, or leave it out.",
            )
            continue
        meant = [channels[row.channel]] if row.channel else list(channels.values())
        known = {
            name: None
            for channel in meant
            for account, of in channel.all_accounts.items()
            for name in (account, of.vendor)
        }
        if row.account and row.account not in known:
            yield Fault(
                f"{path}.account",
                f"There is no account {row.account}, and no vendor of that name in use.",
                f"Name one of {', '.join(known)}, or leave it out.",
            )
