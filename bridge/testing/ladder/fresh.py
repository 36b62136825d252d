"""A vendor as a new process finds it."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bridge.plugin import Vendor


@contextmanager
def fresh(vendor: type[Vendor]) -> Iterator[type[Vendor]]:
    """Import the vendor's package anew, so that no earlier test has filled its modules and classes."""
    package = vendor.__module__.partition(".")[0]
    kept = {name: module for name, module in sys.modules.copy().items() if name.partition(".")[0] == package}
    for name in kept:
        del sys.modules[name]
    try:
        found: Any = importlib.import_module(vendor.__module__)
        for name in vendor.__qualname__.split("."):
            found = getattr(found, name, vendor)
        yield found
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
        sys.modules.update(kept)
