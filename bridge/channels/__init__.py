"""The plugin room: which plugins are installed, which channels they serve, and how their hooks are called."""

from .catalogue import Catalogue, Plugin, discover
from .hooks import Hooks, PluginFault
from .registry import OpenAccount, OpenChannel, open_channels

__all__ = [
    "Catalogue",
    "Hooks",
    "OpenAccount",
    "OpenChannel",
    "Plugin",
    "PluginFault",
    "discover",
    "open_channels",
]
