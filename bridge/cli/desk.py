"""What `sms-bridge simulate` may know of the bridge when it runs on the bridge's own machine."""

import time
from collections.abc import Sequence

from bridge.services.desk import expecting
from bridge.settings import Settings, SettingsFaults

from .terminal.opening import settings_of_bridge


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


def _settings() -> Settings | None:
    try:
        return settings_of_bridge()
    except SettingsFaults:
        return None
