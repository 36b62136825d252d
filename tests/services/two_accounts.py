"""A channel with two accounts that one plugin serves, and what its tests say of it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from bridge.plugin import Batch, BridgeError
from bridge.services.reports.receiving import source_of

from .conftest import Worlds
from .world import Obedient, World

PHONES = ["13800000001", "13800000002"]
TWO: dict[str, Any] = {
    "accounts": {
        "main": {"vendor": "obedient", "settings": {}},
        "spare": {"vendor": "obedient", "settings": {}},
    },
    "failover_after_s": 10,
    "reconcile_after_s": 1000,
}


def two(worlds: Worlds, **channel: Any) -> World:
    """Return a channel with two accounts; one plugin serves both, so they are told apart by hand."""
    world = worlds(**{**TWO, **channel})
    for name, account in world.services.channel.accounts.items():
        account.hooks.identity = name
        world.vendors[name].create_as = name
    tell_apart(world)
    create = world.template

    def template(content: str = "Dear ${name}", type_: int = 1) -> str:
        """Return a template that both accounts have approved."""
        code = create(content, type_)
        world.now += 100
        world.services.templates.refresh_pending()
        return code

    world.template = template  # type: ignore[method-assign]
    return world


def tell_apart(world: World) -> None:
    """Let what accounts report be known by their identities as they are now."""
    channel = world.services.channel
    world.services.routing.sources = {name: source_of(channel, name) for name in channel.accounts}
    for name, source in world.services.routing.sources.items():
        world.services.at[name].receiving._source = source


def raising(error: BridgeError) -> Callable[[Batch], Any]:
    """Return a vendor's answer."""

    def answer(batch: Batch) -> Any:
        raise error

    return answer


def sent(world: World) -> Mapping[str, int]:
    """Return how many messages each account was called with."""
    counts = Counter[str]()
    for name, vendor in world.vendors.items():
        counts[name] += sum(len(batch.messages) for batch in vendor.batches)
    return counts


def numbers_of(vendor: Obedient) -> list[str]:
    """Return the numbers that a vendor was called with."""
    return [message.phone.raw for batch in vendor.batches for message in batch.messages]


def soon(world: World, seconds: float) -> None:
    """Let time pass, and do what is due."""
    end = world.now + seconds
    while world.now < end:
        world.now += 1
        world.hand_over()
