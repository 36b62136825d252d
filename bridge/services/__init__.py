"""What the bridge does, one verb a file: called by the web and the worker, calling ledger and plugins."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.channels import OpenChannel
from bridge.ledger import Ledger
from bridge.settings import Settings

from .accepting import Accepting
from .dispatching import Dispatched, Dispatching
from .fetching import Fetching
from .polling import Polling
from .pushing import Pushed, Pushing
from .receiving import Receiving
from .records import ChannelRecords, Clock
from .reporting import Reporting
from .settling import Settling
from .templates import Templates

__all__ = ["ChannelRecords", "ChannelServices", "Clock", "Dispatched", "Pushed", "Services", "build"]


@dataclass(frozen=True, slots=True)
class ChannelServices:
    """Everything the bridge does for one channel."""

    channel: OpenChannel
    templates: Templates
    accepting: Accepting
    reporting: Reporting
    receiving: Receiving
    dispatching: Dispatching
    settling: Settling
    polling: Polling
    fetching: Fetching
    pushing: Pushing


class Services(Mapping[str, ChannelServices]):
    """The services of every channel, by its name."""

    def __init__(self, by_channel: Mapping[str, ChannelServices]) -> None:
        self._by_channel = dict(by_channel)

    def __getitem__(self, channel: str) -> ChannelServices:
        return self._by_channel[channel]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_channel)

    def __len__(self) -> int:
        return len(self._by_channel)


def build(settings: Settings, channels: Mapping[str, OpenChannel], ledger: Ledger, clock: Clock) -> Services:
    """The services of opened channels over one ledger."""
    return Services(
        {name: _of_channel(settings, channel, ledger, clock) for name, channel in channels.items()}
    )


def _of_channel(settings: Settings, channel: OpenChannel, ledger: Ledger, clock: Clock) -> ChannelServices:
    bridge = settings.bridge
    lease_ms = bridge.lease_s * 1000
    templates = Templates(channel, ledger, clock)
    receiving = Receiving(channel, templates, ledger, clock)
    dispatching = Dispatching(channel, ledger, clock)
    return ChannelServices(
        channel=channel,
        templates=templates,
        accepting=Accepting(channel, bridge, templates, ledger, clock),
        reporting=Reporting(channel, ledger),
        receiving=receiving,
        dispatching=dispatching,
        settling=Settling(channel, dispatching, ledger, clock, lease_ms=lease_ms),
        polling=Polling(channel, receiving, ledger, clock),
        fetching=Fetching(channel, bridge, ledger, clock, lease_ms=lease_ms),
        pushing=Pushing(channel, ledger, clock, threads=bridge.push_threads),
    )
