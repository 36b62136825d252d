"""Twilio: one Messages.create per recipient, through the SDK of the extra `twilio`."""

from collections.abc import Sequence

from bridge.plugin import Vendor, hookimpl

from .vendor import Twilio


@hookimpl
def register_vendors() -> Sequence[type[Vendor]]:
    """Return the vendor named "twilio"."""
    return (Twilio,)
