"""No vendor is called while a transaction is open: a slow one must not hold a lock or a connection."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from bridge.channels import Hooks
from bridge.ledger.database.engine import Database
from bridge.plugin import Batch, OutcomeUnknown, SubmitResult

from ..world import World

PHONES = ["13800000000", "13800000001"]


class Watch(threading.local):
    """How many transactions the thread has open."""

    depth = 0


class Asked(NamedTuple):
    """The hooks that were called, and those of them inside a transaction of their thread."""

    hooks: set[str]
    inside: set[str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Filled by every call of a hook from now on."""
    watch, found = Watch(), Asked(set(), set())
    write, read = Database.write, Database.read

    def watched_write(self: Database, work: Any, **options: Any) -> Any:
        watch.depth += 1
        try:
            return write(self, work, **options)
        finally:
            watch.depth -= 1

    @contextmanager
    def watched_read(self: Database) -> Iterator[Any]:
        watch.depth += 1
        try:
            with read(self) as connection:
                yield connection
        finally:
            watch.depth -= 1

    monkeypatch.setattr(Database, "write", watched_write)
    monkeypatch.setattr(Database, "read", watched_read)
    guarded = Hooks._guarded

    def watched(self: Hooks, plugin: Any, hook: str, caller: Any, **arguments: Any) -> Any:
        found.hooks.add(hook)
        if watch.depth:
            found.inside.add(hook)
        return guarded(self, plugin, hook, caller, **arguments)

    monkeypatch.setattr(Hooks, "_guarded", watched)
    return found


def test_no_vendor_is_called_inside_a_transaction(asked: Asked, world: World) -> None:
    """Signatures, templates, policies, sends, look-ups and events, on both databases."""

    def lost(batch: Batch) -> Sequence[SubmitResult]:
        raise OutcomeUnknown("The answer was lost.")

    world.send(PHONES, code=world.template())
    world.vendor.answer = lost
    world.digital()
    world.hand_over()
    world.now += 3600
    world.settle()
    world.services.templates.refresh_pending()
    assert asked.hooks >= {
        "query_sign",
        "create_template",
        "query_template",
        "create_digital_template",
        "query_digital_template",
        "screen_batch",
        "send_batch",
        "reconcile_batch",
    }
    assert not asked.inside
