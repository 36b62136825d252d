"""What one person may see and do: the bridge's services, opened in that person's name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property

from bridge.clock import Clock
from bridge.ledger import Ledger
from bridge.services import ChannelServices
from bridge.services.campaigns.desk import CampaignDesk
from bridge.services.desk.lately import LastDay
from bridge.services.desk.looking import Looking
from bridge.services.desk.operating import Operating
from bridge.services.desk.overview import Overview
from bridge.services.desk.signing_in import ConsoleUser, Role
from bridge.settings import ConsoleSettings, Settings

from .sealing import Sealing


@dataclass(frozen=True, slots=True)
class Bridge:
    """The running bridge, as the console is given it."""

    settings: Settings
    console: ConsoleSettings
    services: Mapping[str, ChannelServices]
    ledger: Ledger
    clock: Clock

    @property
    def address(self) -> str:
        """Return the address under which browsers reach the bridge."""
        return self.console.url or self.settings.bridge.public_url


class Desk:
    """The services of the bridge for one person; what is changed is written down under that name."""

    def __init__(self, bridge: Bridge, person: ConsoleUser) -> None:
        self.bridge = bridge
        self.person = person
        self.settings = bridge.settings
        self.sealing = Sealing(bridge.console.secret.get_secret_value())

    def may(self, role: Role) -> bool:
        """Return True when the person has this role, or a higher one."""
        return self.person.role >= role

    def zone(self, channel: str | None = None) -> tzinfo:
        """Return the time zone of a channel; the bridge's for none, and for one that is gone."""
        settings = self.settings.channels.get(channel or "")
        return (settings.timezone if settings else None) or self.settings.bridge.timezone

    @cached_property
    def overview(self) -> Overview:
        """How the channels are doing."""
        return Overview(self.settings, self.bridge.ledger, self.bridge.clock)

    @cached_property
    def last_day(self) -> LastDay:
        """What became of the last day."""
        return LastDay(self.bridge.ledger, self.bridge.clock)

    @cached_property
    def looking(self) -> Looking:
        """What an operator looks at."""
        return Looking(self.settings, self.bridge.ledger, self.bridge.clock)

    @cached_property
    def operating(self) -> Operating:
        """What an operator does."""
        return Operating(self.settings, self.bridge.ledger, self.bridge.clock, self.person.who)

    @cached_property
    def campaigns(self) -> CampaignDesk:
        """All about campaigns."""
        return CampaignDesk(self.settings, self.bridge.ledger, self.person.who, self.bridge.clock)
