"""What `sms-bridge simulate` may know of the bridge when it runs on the bridge's own machine."""

import time
from collections.abc import Sequence

from bridge.services import upkeep
from bridge.services.campaigns.seeing import Seeing
from bridge.services.desk import expecting
from bridge.services.desk.operating import OperatorRefused
from bridge.services.setup.live import visit
from bridge.settings import CALLBACK_PRESETS, Settings, SettingsFaults
from bridge.simulator.local_bridge import WayBack

from .terminal.opening import settings_of_channel, settings_of_ledger


class LocalDesk:
    """Reads the configuration and the ledger when it is asked; knows nothing where there is none."""

    def sign(self, prefix: str) -> str:
        """Return a signature that the channel may send under, or ""."""
        settings = _settings()
        name = expecting.channel_at(settings, prefix) if settings is not None else ""
        return expecting.sign_of(settings, name) if settings is not None and name else ""

    def held(self, prefix: str) -> Sequence[str]:
        """Return why messages of the channel wait now, in a sentence each."""
        settings = _settings()
        name = expecting.channel_at(settings, prefix) if settings is not None else ""
        return expecting.asked(settings, name, time.time) if settings is not None and name else ()

    def waiting(self, prefix: str, campaign: str, sent: int) -> int:
        """Return how many of so many messages of a campaign were not handed to a vendor yet.

        0 where this shell cannot tell.
        """
        settings = _settings()
        name = expecting.channel_at(settings, prefix) if settings is not None else ""
        if settings is None or not name:
            return 0
        try:
            with upkeep.ledger_of(settings) as ledger:
                return Seeing(ledger).unsent([name], campaign, sent)
        except (OperatorRefused, upkeep.LedgerUnavailable):
            return 0

    def way_back(self, prefix: str) -> WayBack | None:
        """Visit the channel's callback_url as the bridge calls it, unless it is Quick Audience's own.

        Returns what came of it.
        """
        settings = _settings()
        name = expecting.channel_at(settings, prefix) if settings is not None else ""
        if settings is None or not name:
            return None
        channel = settings.channels[name]
        elsewhere = channel.callback_url in ("", *CALLBACK_PRESETS)
        return WayBack(channel.receipts, channel.callback_url, "" if elsewhere else visit(channel))

    def polled_s(self, prefix: str) -> float:
        """Return every how many seconds the channel's vendor is asked for receipts.

        0 where it is not, and where this shell cannot open the channel.
        """
        settings = _settings()
        name = expecting.channel_at(settings, prefix) if settings is not None else ""
        if not name:
            return 0.0
        try:
            own = settings_of_channel(name)
            with upkeep.ledger_of(own) as ledger, upkeep.channels_of(own, ledger) as opened:
                accounts = opened[name].accounts.values()
                polled = any(account.hooks.supports("poll_receipts") for account in accounts)
        except (SettingsFaults, upkeep.LedgerUnavailable):
            return 0.0
        return own.channels[name].poll_s if polled else 0.0


def _settings() -> Settings | None:
    try:
        return settings_of_ledger()
    except SettingsFaults:
        return None
