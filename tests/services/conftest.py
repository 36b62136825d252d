"""Worlds for the tests of the services."""

from collections.abc import Callable, Iterator

import pytest

from bridge.ledger import Ledger

from . import arrows
from .world import World

Worlds = Callable[..., World]


@pytest.fixture
def worlds(ledger: Ledger) -> Iterator[Worlds]:
    """Makes a world with channel settings of the test's choosing."""
    made: list[World] = []

    def make(**channel: object) -> World:
        made.append(World(ledger, **channel))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(worlds: Worlds) -> World:
    """Return a world with the usual settings."""
    return worlds()


@pytest.fixture(autouse=True)
def _only_arrows(request: pytest.FixtureRequest) -> Iterator[None]:
    """States change as the pictures of bridge/README.md say."""
    arrows.CHANGES.clear()
    arrows.WATCHING.append(request.node.name)
    yield
    arrows.WATCHING.clear()
    assert not arrows.wrong()
