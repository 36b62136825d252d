"""`/console`: the bridge in a browser. It shows and does what the services do, and decides nothing itself."""

from .blueprint import console
from .desk import Bridge

__all__ = ["Bridge", "console"]
