"""Consoles for the tests of the web."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.ledger import Ledger, open_ledger
from tests.services.world import World

from .scene import Scene

Scenes = Callable[..., Scene]


@pytest.fixture
def ledger(sqlite_template: Path, tmp_path: Path) -> Iterator[Ledger]:
    """Yield a ledger on SQLite: what pages ask it is tested on both databases where it is asked."""
    shutil.copy(sqlite_template, tmp_path / "bridge.db")
    opened = open_ledger(f"sqlite:///{tmp_path / 'bridge.db'}")
    yield opened
    opened.close()


@pytest.fixture
def scenes(ledger: Ledger) -> Iterator[Scenes]:
    """Makes bridges with a console: `scenes(session_h=1)`."""
    made: list[World] = []

    def make(**console: Any) -> Scene:
        made.append(World(ledger))
        return Scene(made[-1], **console)

    yield make
    for world in made:
        world.close()


@pytest.fixture
def scene(scenes: Scenes) -> Scene:
    """Return a bridge with the usual console."""
    return scenes()
