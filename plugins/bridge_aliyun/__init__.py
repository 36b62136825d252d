"""Aliyun Short Message Service (Dysms) as a vendor of the bridge; see README.md beside this file."""

from collections.abc import Sequence

from bridge.plugin import Vendor, hookimpl

from .vendor import Aliyun


@hookimpl
def register_vendors() -> Sequence[type[Vendor]]:
    """Return the one vendor of this plugin."""
    return [Aliyun]
