"""The sandbox vendor: the living example of a plugin, and the carrier it speaks to."""

from bridge.plugin import Vendor, hookimpl

from .vendor import Sandbox


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    """Return the sandbox vendor."""
    return [Sandbox]
