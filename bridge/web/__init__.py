"""The bridge's outside: the contract, the vendors' webhooks, probes and documentation, over HTTP."""

from .app import create_app
from .assembly import assemble

__all__ = ["assemble", "create_app"]
