"""A cap that several batches reach for at once: what is being sent counts before it is recorded."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from bridge.plugin import Batch, BridgeError, SubmitResult, VendorUnreachable, accepted
from bridge.worker import Sender
from bridge.worker.loop import Station

from ..conftest import Worlds
from ..world import NAME, World

ANNA, BOB, CARL = "13800000000", "13900000001", "13700000002"
OVERSEAS = "+44 7911 123456"
ONE_A_DAY = {"frequency": {"types": ["promotion", "international"], "caps": [{"messages": 1, "hours": 24}]}}
PROMOTION, INTERNATIONAL = 2, 3


@pytest.fixture
def world(worlds: Worlds) -> World:
    """A channel that writes to a person once a day."""
    return worlds(policies=["screen", "frequency"], policy_settings=ONE_A_DAY)


@pytest.fixture
def other(world: World) -> Iterator[Sender]:
    """A second worker of the same channel, on a machine of its own."""
    bridge = world.settings.bridge
    sender = Sender(Station(world.all_services, world.ledger, bridge, "other", lambda: world.now))
    yield sender
    sender.close()


def sent(world: World, phones: Sequence[str], *, digest: bytes, type_: int = PROMOTION) -> None:
    """Accept a send."""
    world.send(phones, code=world.template(type_=type_), digest=digest)


def work(sender: Sender) -> None:
    """Send until nothing that is due is left."""
    while sender.cycle(0.05 if sender.busy else 0) or sender.busy:
        pass


def later(world: World, *senders: Sender) -> None:
    """Let some seconds pass, while both look for work."""
    for _ in range(5):
        world.now += 4
        world.hand_over()
        for sender in senders:
            work(sender)


def calls(world: World) -> dict[str, int]:
    """How often the vendor was called for each person, however the number was written."""
    return Counter(message.phone.e164 for batch in world.vendor.batches for message in batch.messages)


# The two sends, and how their numbers are written.
WRITTEN = {
    "as it is": ([ANNA, BOB], [ANNA, CARL], PROMOTION),
    "with the country": ([ANNA, BOB], ["+86" + ANNA], PROMOTION),
    "with spaces": (["138 0000 0000"], [ANNA, "1380000-0000"], PROMOTION),
    "international": ([OVERSEAS], ["4407911123456"], INTERNATIONAL),
}


@pytest.mark.parametrize(("first", "second", "type_"), WRITTEN.values(), ids=WRITTEN)
def test_two_workers_at_once(
    world: World, other: Sender, first: Sequence[str], second: Sequence[str], type_: int
) -> None:
    """The second send comes, and finds a free worker, while the vendor is called for the first."""

    def meanwhile(batch: Batch) -> list[SubmitResult]:
        world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
        sent(world, second, digest=b"second", type_=type_)
        work(other)
        return [accepted() for _ in batch.messages]

    world.vendor.answer = meanwhile
    sent(world, first, digest=b"first", type_=type_)
    world.hand_over()
    later(world, other)
    called = calls(world)
    assert set(called.values()) == {1}, "once a day"
    assert len(called) == len({one.replace(" ", "").replace("-", "")[-9:] for one in [*first, *second]})
    assert not world.ledger.gauges(), "nobody waits any more"


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_two_threads_at_once(world: World, turned: bool) -> None:
    """Both were claimed together: whoever asks first goes, and the other waits instead of both."""
    for digest in (b"first", b"second"):
        sent(world, [ANNA], digest=digest)
    first, second = sorted(world.claimed(), key=lambda one: one.id, reverse=turned)
    sending = world.services.sending
    waits: list[int | None] = []

    def meanwhile(batch: Batch) -> list[SubmitResult]:
        if not waits:
            waits.append(None)
            waits[0] = sending.run(second).conclusion.retry_at
        return [accepted() for _ in batch.messages]

    world.vendor.answer = meanwhile
    assert sending.run(first).conclusion.rows
    assert calls(world) == {"+86" + ANNA: 1}
    now_ms = int(world.now * 1000)
    assert waits[0] is not None
    assert now_ms + 1000 <= waits[0] <= now_ms + 3000


def test_a_call_that_took_nobody_leaves_the_turn_to_the_other(world: World, other: Sender) -> None:
    """What is being sent is waited for, not counted: it may come to nothing."""

    def fails(batch: Batch) -> list[SubmitResult]:
        world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
        sent(world, [ANNA], digest=b"second")
        work(other)
        error: BridgeError = VendorUnreachable("refused")
        raise error

    world.vendor.answer = fails
    sent(world, [ANNA], digest=b"first")
    world.hand_over()
    later(world, other)
    took = [batch for batch in world.vendor.batches[1:] for _ in batch.messages]
    assert len(took) == 1
    assert world.ended() == {ANNA: "FREQUENCY_CAP"}


def test_a_worker_that_vanished_in_its_call_counts(world: World) -> None:
    """Until its lease lapses its messages are waited for, then they may have arrived."""
    sent(world, [ANNA], digest=b"first")
    assert len(world.claimed()) == 1
    sent(world, [ANNA, BOB], digest=b"second")
    world.hand_over()
    assert calls(world) == {"+86" + BOB: 1}
    world.now += 120
    world.settle()
    later(world)
    assert calls(world) == {"+86" + BOB: 1}
    assert world.ended() == {ANNA: "FREQUENCY_CAP"}


def test_where_nothing_is_counted_nobody_waits(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cap the calls of others are not looked at."""
    world = worlds()
    monkeypatch.setattr(world.ledger.history, "in_call", lambda channel: pytest.fail("looked"))
    sent(world, [ANNA], digest=b"first")
    assert len(world.claimed()) == 1
    sent(world, [ANNA], digest=b"second")
    world.hand_over()
    assert calls(world) == {"+86" + ANNA: 1}
    assert world.services.channel.name == NAME
