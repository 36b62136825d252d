"""What the bridge does, one verb a file: called by the web and the worker, calling ledger and plugins."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.channels import OpenAccount, OpenChannel
from bridge.clock import Clock, seconds, uptime
from bridge.ledger import Ledger
from bridge.settings import Settings

from .history import ChannelHistory
from .messages.accepting import Accepting
from .messages.dating import Dating
from .messages.fetching import Fetching
from .messages.patience import Patience
from .messages.renewing import Renewing
from .messages.repeating import Repeating
from .messages.routing import Routing
from .messages.sending import Sending, Sent
from .messages.settling import Settling
from .messages.timekeeping import Timekeeping
from .pricing import Pricing
from .reports.polling import Polling
from .reports.pushing import Pushed, Pushing
from .reports.receiving import Receiving
from .reports.reporting import Reporting
from .reviews.drifting import Drifting
from .reviews.other_accounts import OtherAccounts
from .reviews.signs import Signs
from .reviews.templates import TemplateReviews

__all__ = ["AccountServices", "ChannelHistory", "ChannelServices", "Pushed", "Sent", "Services", "build"]


@dataclass(frozen=True, slots=True)
class AccountServices:
    """What the bridge does for one account of a channel: it stores what the account reports."""

    account: OpenAccount
    receiving: Receiving
    polling: Polling


@dataclass(frozen=True, slots=True)
class ChannelServices:
    """Everything the bridge does for one channel; `receiving` and `polling` are the primary account's."""

    channel: OpenChannel
    signs: Signs
    templates: TemplateReviews
    accepting: Accepting
    reporting: Reporting
    receiving: Receiving
    sending: Sending
    settling: Settling
    polling: Polling
    fetching: Fetching
    pushing: Pushing
    routing: Routing
    pricing: Pricing
    drifting: Drifting
    renewing: Renewing
    at: Mapping[str, AccountServices]


class Services(Mapping[str, ChannelServices]):
    """The services of every channel, by its name."""

    def __init__(self, by_channel: Mapping[str, ChannelServices], times: Timekeeping) -> None:
        self._by_channel = dict(by_channel)
        self.times = times

    def __getitem__(self, channel: str) -> ChannelServices:
        return self._by_channel[channel]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_channel)

    def __len__(self) -> int:
        return len(self._by_channel)


def build(
    settings: Settings,
    channels: Mapping[str, OpenChannel],
    ledger: Ledger,
    clock: Clock,
    tick: Clock = uptime,
) -> Services:
    """Return the services of opened channels over one ledger. `tick` shows time as nobody sets it."""
    times = Timekeeping(ledger, clock, tick, settings.bridge.clocks_apart_s)
    return Services(
        {name: _of_channel(settings, channel, ledger, clock, times) for name, channel in channels.items()},
        times,
    )


def _of_channel(
    settings: Settings, channel: OpenChannel, ledger: Ledger, clock: Clock, times: Timekeeping
) -> ChannelServices:
    bridge = settings.bridge
    lease_ms = seconds(bridge.lease_s)
    others = OtherAccounts(channel, ledger, clock)
    signs = Signs(channel, others, ledger, clock)
    templates = TemplateReviews(channel, signs, others, ledger, clock)
    routing = Routing(channel, ledger, clock)
    pricing = Pricing(settings, channel.name, ledger)
    patience = Patience.of(bridge, channel.settings)
    repeating = Repeating(channel, routing, Dating(channel, ledger, clock, times), ledger, clock)
    sending = Sending(channel, routing, pricing, ledger, clock, patience)
    at = {
        name: _of_account(channel, account, templates, ledger, clock)
        for name, account in channel.accounts.items()
    }
    primary = at[channel.primary.name]
    return ChannelServices(
        channel=channel,
        signs=signs,
        templates=templates,
        accepting=Accepting(channel, bridge, templates, signs, ledger, clock),
        reporting=Reporting(channel, ledger),
        receiving=primary.receiving,
        sending=sending,
        settling=Settling(channel, sending, repeating, ledger, clock, patience),
        polling=primary.polling,
        fetching=Fetching(channel, bridge, ledger, clock, lease_ms=lease_ms),
        pushing=Pushing(channel, ledger, clock, threads=bridge.push_threads),
        routing=routing,
        pricing=pricing,
        drifting=Drifting(channel, ledger, clock),
        renewing=Renewing(channel, ledger, clock),
        at=at,
    )


def _of_account(
    channel: OpenChannel, account: OpenAccount, templates: TemplateReviews, ledger: Ledger, clock: Clock
) -> AccountServices:
    receiving = Receiving(channel, account, templates, ledger, clock)
    return AccountServices(account, receiving, Polling(channel, account, receiving, ledger, clock))
