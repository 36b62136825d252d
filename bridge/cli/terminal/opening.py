"""What commands share: the configuration, and what an operator does and looks at."""

import getpass
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo

from bridge import clock, logs
from bridge.plugin import BadNumber, Phone, from_vendor
from bridge.services import upkeep
from bridge.services.desk.looking import Looking
from bridge.services.desk.operating import Operating
from bridge.settings import (
    ChannelSettings,
    Settings,
    load,
    load_for_channel,
    load_for_console,
    load_for_hooks,
    load_for_ledger,
)

from .telling import Trouble, say

__all__ = [
    "Trouble",
    "channel_named",
    "looking",
    "moment_of",
    "number",
    "operating",
    "say",
    "settings_of_bridge",
    "settings_of_channel",
    "settings_of_console",
    "settings_of_hooks",
    "settings_of_ledger",
    "who",
]


def settings_of_bridge() -> Settings:
    """Return the configuration; its secrets will not be shown. Raises SettingsFaults."""
    settings = load()
    logs.hide(settings.secrets())
    return settings


def settings_of_ledger() -> Settings:
    """Return the configuration for what works on the ledger alone; secrets of channels may be missing."""
    settings = load_for_ledger()
    logs.hide(settings.secrets())
    return settings


def settings_of_channel(name: str, accounts: Collection[str] | None = None) -> Settings:
    """Return the configuration with one channel, which can be opened; other secrets may be missing.

    With `accounts` it has these alone of its several.
    """
    settings = load_for_channel(name, accounts=accounts)
    logs.hide(settings.secrets())
    channel = channel_named(settings, name)
    if accounts is not None:
        mine = {one: of for one, of in channel.accounts.items() if one in accounts}
        channel = channel.model_copy(update={"accounts": mine, "routes": ()})
    return settings.model_copy(update={"channels": {name: channel}})


def settings_of_console() -> Settings:
    """Return the configuration with the console's secrets; those of channels may be missing."""
    settings = load_for_console()
    logs.hide(settings.secrets())
    return settings


def settings_of_hooks(name: str) -> Settings:
    """Return the configuration with one channel's hook tokens; other secrets may be missing."""
    settings = load_for_hooks(name)
    logs.hide(settings.secrets())
    return settings


@contextmanager
def operating() -> Iterator[Operating]:
    """Yield what an operator does, over the configured bridge."""
    with upkeep.operating(settings_of_ledger(), who()) as desk:
        yield desk


@contextmanager
def looking(settings: Settings) -> Iterator[Looking]:
    """Yield what an operator looks at, over the configured bridge."""
    with upkeep.looking(settings) as desk:
        yield desk


def channel_named(settings: Settings, name: str) -> ChannelSettings:
    """Return the settings of a channel; Trouble when there is none of that name."""
    if name not in settings.channels:
        raise Trouble(f"There is no channel {name}; the configuration has {', '.join(settings.channels)}.")
    return settings.channels[name]


def number(text: str) -> Phone:
    """Return a number as an operator types it: mainland as 11 digits, all others with + and country code."""
    try:
        return from_vendor(text)
    except BadNumber:
        raise Trouble(
            "That is no phone number: mainland as 11 digits, others with + and country code."
        ) from None


def who() -> str:
    """Return who works at this shell, for the audit: behind sudo, the person."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"shell:{name}"


def moment_of(text: str | None, zone: tzinfo, default: int) -> int:
    """Return a day or moment that an operator typed, in milliseconds."""
    if text is None:
        return default
    try:
        typed = datetime.fromisoformat(text)
    except ValueError:
        raise Trouble(f"{text} is no day: write 2026-11-28, or 2026-11-28T18:30.") from None
    return clock.millis_of(typed if typed.tzinfo else typed.replace(tzinfo=zone))
