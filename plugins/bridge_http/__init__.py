"""Vendors that are files: one TOML recipe describes any SMS vendor with an HTTP API."""

from collections.abc import Sequence

from bridge.plugin import Vendor, hookimpl

from .vendor import HttpVendor


@hookimpl
def register_vendors() -> Sequence[type[Vendor]]:
    """Return the one vendor class of this plugin; the recipe makes the difference."""
    return (HttpVendor,)
