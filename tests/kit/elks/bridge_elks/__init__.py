"""46elks as a vendor of the Quick Audience SMS bridge."""

from bridge.plugin import Vendor, hookimpl

from .vendor import Elks

bridge_api = 1
"""The major version of `bridge.plugin` this plugin is built for."""


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    """The vendors of this plugin."""
    return [Elks]
