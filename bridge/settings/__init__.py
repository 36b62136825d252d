"""The configuration file, read into models that cannot change.

`load` reads TOML, resolves `env:NAME` and `file:PATH`, validates, cross-checks, and reports every fault at
once, each with its TOML path, the problem and what to do about it.
"""

from .checks import cautions, warn
from .faults import Fault, SettingsFaults, dotted, faults_of, without_repeats
from .loading import DEFAULT_PATH, PATH_VARIABLE, examine, load
from .models import (
    CALLBACK_PRESETS,
    BridgeSettings,
    ChannelSettings,
    Settings,
    SignSettings,
    secrets_of,
)

__all__ = [
    "CALLBACK_PRESETS",
    "DEFAULT_PATH",
    "PATH_VARIABLE",
    "BridgeSettings",
    "ChannelSettings",
    "Fault",
    "Settings",
    "SettingsFaults",
    "SignSettings",
    "cautions",
    "dotted",
    "examine",
    "faults_of",
    "load",
    "secrets_of",
    "warn",
    "without_repeats",
]
