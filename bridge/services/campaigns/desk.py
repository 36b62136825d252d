"""All about campaigns over one ledger, as a command or a page opens it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.clock import Clock
from bridge.settings import Settings

from .. import upkeep
from ..desk.looking import Looking
from .controlling import CampaignControlling
from .exporting import Exporting
from .seeing import Seeing


class CampaignDesk:
    """What an operator sees and does; `who` is written into the audit."""

    def __init__(self, settings: Settings, ledger: upkeep.Ledger, who: str, clock: Clock = time.time) -> None:
        self._looking = Looking(settings, ledger, clock)
        self.seeing = Seeing(ledger)
        self.controlling = CampaignControlling(self.seeing, ledger, clock, who)
        self.exporting = Exporting(ledger, clock, who)

    def chosen(self, channel: str | None) -> list[str]:
        """Return the named channel, or all of them."""
        return self._looking.chosen(channel)


@contextmanager
def campaigns(settings: Settings, who: str) -> Iterator[CampaignDesk]:
    """Open the campaigns of the configured bridge."""
    with upkeep.ledger_of(settings) as ledger:
        yield CampaignDesk(settings, ledger, who)
