"""Installing plugins for one test."""

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from .tiny import plugin_module


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., EntryPoint]:
    """Puts a plugin module where an entry point finds it."""

    def installed(name: str, **content: Any) -> EntryPoint:
        module = f"installed_{name}"
        monkeypatch.setitem(sys.modules, module, plugin_module(module, **content))
        return EntryPoint(name, module, "bridge")

    return installed
