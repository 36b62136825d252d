"""Bridges for the tests of the web."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge import logs

from .world import World

Worlds = Callable[..., World]


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Worlds]:
    """Makes bridges: `worlds(bridge={...}, promo={...})`."""
    made: list[World] = []

    def make(bridge: dict[str, Any] | None = None, **channels: dict[str, Any]) -> World:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(World(folder, bridge=bridge or {}, channels=channels))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(worlds: Worlds) -> World:
    """Return a bridge with the usual channels."""
    return worlds()


@pytest.fixture
def logged() -> io.StringIO:
    """Return everything that is logged, as an operator would read it."""
    stream = io.StringIO()
    logs.configure(level="DEBUG", form="json", stream=stream)
    return stream
