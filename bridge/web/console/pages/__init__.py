"""The pages of the console, one a file; each asks a service and lays out what it answers."""

from . import (
    audit,
    callbacks,
    campaign,
    campaigns,
    channels,
    number,
    overview,
    preview,
    prices,
    replies,
    suppressions,
    templates,
)

_MODULES = (
    overview,
    campaigns,
    campaign,
    number,
    templates,
    preview,
    replies,
    suppressions,
    callbacks,
    channels,
    prices,
    audit,
)

PAGES = [page for module in _MODULES for page in module.PAGES]
DEEDS = [deed for module in _MODULES for deed in module.DEEDS]

__all__ = ["DEEDS", "PAGES"]
