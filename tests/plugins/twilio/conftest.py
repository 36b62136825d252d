"""A running emulator and vendors that speak to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bridge_twilio.vendor import Twilio

from . import samples
from .emulator import Emulator

Build = Callable[..., Twilio]


@pytest.fixture
def twilio() -> Iterator[Emulator]:
    """Twilio on loopback; messages stay where they are until a test moves them."""
    with Emulator() as emulator:
        emulator.callbacks.fates.automatic = False
        yield emulator


@pytest.fixture
def build(twilio: Emulator) -> Iterator[Build]:
    """Builds vendors for the emulated account, with any settings; without a public URL unless told."""
    built: list[Twilio] = []

    def make(*args: Any, hook_url: str = "", **changes: Any) -> Twilio:
        built.append(samples.vendor(*args, hook_url=hook_url, **{"base_url": twilio.url, **changes}))
        return built[-1]

    yield make
    for vendor in built:
        vendor.close()
