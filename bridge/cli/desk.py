"""What `sms-bridge simulate` may know of the bridge when it runs on the bridge's own machine."""

import ipaddress
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from bridge.services.desk import expecting
from bridge.settings import Settings, SettingsFaults

from .opening import settings_of_bridge


class LocalDesk:
    """Reads the configuration and the ledger when it is asked; knows nothing where there is none."""

    def sign(self, prefix: str) -> str:
        """Return a signature that the channel may send under, or ""."""
        settings, name = _here(prefix)
        if settings is None:
            return ""
        channel = settings.channels[name]
        approved = (sign for sign, review in channel.signs.items() if review.status == "approved")
        return channel.default_sign or next(approved, "")

    def held(self, prefix: str) -> Sequence[str]:
        """Return why messages of the channel wait now, in a sentence each."""
        settings, name = _here(prefix)
        if settings is None:
            return ()
        return expecting.asked(settings, name, time.time)


def _here(prefix: str) -> tuple[Settings | None, str]:
    """Return the configuration and channel an address of this bridge means; None and "" for others."""
    try:
        settings = settings_of_bridge()
    except SettingsFaults:
        return None, ""
    parts = urlsplit(prefix)
    own = urlsplit(settings.bridge.public_url).hostname
    if parts.hostname is None or not (parts.hostname == own or _is_loopback(parts.hostname)):
        return None, ""
    name = parts.path.strip("/")
    if not name:
        name = next((name for name, channel in settings.channels.items() if channel.default), "")
    return (settings, name) if name in settings.channels else (None, "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
