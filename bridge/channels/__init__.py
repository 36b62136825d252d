"""The plugin room: which plugins are installed, which channels they serve, and how their hooks are called."""

from .catalogue import Catalogue, Plugin, discover
from .dispatch import Dispatch, PluginFault
from .registry import OpenChannel, open_channels

__all__ = ["Catalogue", "Dispatch", "OpenChannel", "Plugin", "PluginFault", "discover", "open_channels"]
