"""The configuration file, read into models that cannot change.

`load` reads TOML, resolves `env:NAME` and `file:PATH`, validates, cross-checks, and reports every fault at
once, each with its TOML path, the problem and what to do about it.
"""

from .accounts import AccountSettings, RouteSettings
from .checks import cautions, warn
from .console import ConsoleRole, ConsoleSettings, SignOnSettings
from .faults import Fault, SettingsFaults, dotted, faults_of, without_repeats
from .loading import (
    DEFAULT_PATH,
    PATH_VARIABLE,
    examine,
    load,
    load_for_channel,
    load_for_console,
    load_for_hooks,
    load_for_ledger,
)
from .models import (
    CALLBACK_PRESETS,
    BridgeSettings,
    ChannelSettings,
    Settings,
    SignSettings,
    secrets_of,
)
from .prices import DECIMALS, PriceSettings
from .reloading import obstacles

__all__ = [
    "CALLBACK_PRESETS",
    "DECIMALS",
    "DEFAULT_PATH",
    "PATH_VARIABLE",
    "AccountSettings",
    "BridgeSettings",
    "ChannelSettings",
    "ConsoleRole",
    "ConsoleSettings",
    "Fault",
    "PriceSettings",
    "RouteSettings",
    "Settings",
    "SettingsFaults",
    "SignOnSettings",
    "SignSettings",
    "cautions",
    "dotted",
    "examine",
    "faults_of",
    "load",
    "load_for_channel",
    "load_for_console",
    "load_for_hooks",
    "load_for_ledger",
    "obstacles",
    "secrets_of",
    "warn",
    "without_repeats",
]
