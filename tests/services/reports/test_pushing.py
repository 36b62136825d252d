"""Callbacks to Quick Audience: signed, retried, stopped at a refused signature, never lost."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.plugin import DeliveryReceipt, MessageStatus, MoMessage, from_vendor
from bridge.simulator.callback_server import CallbackServer
from bridge.simulator.faults import FaultMode
from bridge.simulator.inspection import Rules
from tests.plugin.peers import Peer, answering, reply

from ..conftest import Worlds
from ..world import NAME, World

KEY = "k" * 16
PHONES = [f"138{index:08d}" for index in range(3)]


@pytest.fixture
def audience() -> Iterator[CallbackServer]:
    """Yield a Quick Audience that checks every callback as strictly as the contract."""
    with CallbackServer(Rules(KEY, skew_s=10**10), hold_s=0.1) as server:
        yield server


@pytest.fixture
def pushing(worlds: Worlds, audience: CallbackServer) -> World:
    """Return a world whose callbacks go to that Quick Audience; three messages are delivered."""
    world = worlds(callback_url=audience.url)
    deliver(world)
    return world


def deliver(world: World, phones: list[str] = PHONES) -> None:
    """Send messages and receive their receipts."""
    world.send(phones, digest=str(world.now).encode())
    world.hand_over()
    world.services.receiving.store_reports(
        [
            DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message.ref)
            for message in world.vendor.batches[-1].messages
        ],
        [],
        "webhook",
    )


def push(world: World) -> None:
    """Push until nothing is due."""
    while world.pusher.cycle(0.05 if world.pusher.busy else 0) or world.pusher.busy:
        pass


def waiting(world: World) -> int:
    return world.ledger.outbox.waiting(NAME)[0]


@pytest.mark.parametrize(
    ("receipts", "address", "waits"),
    [("push", "https://qa.example.com", 2), ("pull", "https://qa.example.com", 1), ("pull", "", 0)],
)
def test_nothing_waits_that_nobody_is_to_get(worlds: Worlds, receipts: str, address: str, waits: int) -> None:
    """Replies are pushed in both receipt modes, but not without an address; they are kept and acted upon."""
    world = worlds(receipts=receipts, callback_url=address)
    deliver(world, PHONES[:1])
    reply = MoMessage(from_vendor("86" + PHONES[0]), "R", sign_name="Acme")
    assert world.services.receiving.store_reports([], [reply], "webhook").replies == 1
    assert waiting(world) == waits
    assert world.ledger.suppressions.among(NAME, "Acme", ["86" + PHONES[0]])


def test_receipts_reach_quick_audience(pushing: World, audience: CallbackServer) -> None:
    """Each ended message once, in one call, and then nothing waits."""
    push(pushing)
    assert audience.inbox.received("task-1") == 3
    assert (audience.inbox.pushes, audience.inbox.refused, waiting(pushing)) == (1, 0, 0)


# (rows that are little, how long the loop may wait, how long it rests after a claim of one row)
RESTS = [(1, 1.0, [0.2]), (1, 0.1, [0.1]), (1, 0, []), (0, 1.0, [])]


@pytest.mark.parametrize(("little", "wait_s", "rests"), RESTS)
def test_what_ends_comes_together_where_it_is_little(
    pushing: World, monkeypatch: pytest.MonkeyPatch, little: int, wait_s: float, rests: list[float]
) -> None:
    """A callback costs as much as many entries; where more may wait there is no rest."""
    push(pushing)
    pushing.now += 5
    deliver(pushing)
    monkeypatch.setattr("bridge.worker.pusher._LITTLE", little)
    rested: list[float] = []
    monkeypatch.setattr(pushing.pusher, "_sleep", rested.append)
    assert pushing.pusher.cycle(wait_s) == 1
    assert rested == rests
    push(pushing)
    assert waiting(pushing) == 0


TRANSIENT = [FaultMode.ERROR_500, FaultMode.RESET, FaultMode.TIMEOUT, FaultMode.HTML]


@pytest.mark.parametrize("mode", TRANSIENT)
@pytest.mark.parametrize("taken", [False, True], ids=["before taking", "after taking"])
def test_a_failed_callback_is_made_again(
    pushing: World, audience: CallbackServer, mode: FaultMode, taken: bool
) -> None:
    """Later, signed afresh; if the first was taken, Quick Audience gets a repeat, never nothing."""
    audience.faults.set(mode, count=1, taken=taken)
    push(pushing)
    assert waiting(pushing) == 3
    pushing.now += 5
    push(pushing)
    assert waiting(pushing) == 0
    assert audience.inbox.received("task-1") == 3
    assert not audience.inbox.contradictions


@pytest.mark.parametrize("mode", [FaultMode.UNAUTHORIZED, FaultMode.BODY_401])
def test_a_refused_signature_stops_all_pushing_but_one_probe(
    pushing: World, audience: CallbackServer, mode: FaultMode
) -> None:
    """QA blocks callers that keep failing: after a refusal one probe a minute, then two, then all again."""
    audience.faults.set(mode)
    push(pushing)
    deliver(pushing)
    push(pushing)
    assert audience.inbox.faulted == 1
    for wait, calls in ((49, 1), (2, 2), (60, 2), (61, 3)):  # the second delivery took ten seconds
        pushing.now += wait
        push(pushing)
        assert audience.inbox.faulted == calls
    audience.faults.clear()
    pushing.now += 4 * 60 + 1
    push(pushing)
    assert waiting(pushing) == 0
    assert pushing.ledger.coordination.channel_state(NAME).breaker == "closed"
    assert audience.inbox.received("task-1") == 3


def test_what_is_never_taken_becomes_a_dead_letter_that_can_be_replayed(
    pushing: World, audience: CallbackServer
) -> None:
    """After three days it rests, whole, until the operator replays it."""
    audience.faults.set(FaultMode.ERROR_500)
    for _ in range(80):
        pushing.now += 3600
        push(pushing)
    (letter,) = pushing.ledger.outbox.given_up([NAME])
    assert (letter.count, letter.error) == (3, "HTTP 500")
    audience.faults.clear()
    pushing.ledger.outbox.replay(int(pushing.now * 1000), ids=[letter.id])
    push(pushing)
    assert audience.inbox.received("task-1") == 3


def test_what_could_not_be_tried_for_days_is_not_given_up_at_its_first_failure(
    pushing: World, audience: CallbackServer
) -> None:
    """Quick Audience refused the signature for four days, and then met a fault of its own."""
    audience.faults.set(FaultMode.UNAUTHORIZED)
    for _ in range(4):
        push(pushing)
        pushing.now += 24 * 3600
    audience.faults.clear()
    audience.faults.set(FaultMode.ERROR_500, count=2)
    for _ in range(4):
        push(pushing)
        pushing.now += 300
    assert pushing.ledger.outbox.given_up([NAME]) == []
    assert audience.inbox.received("task-1") == 3


@pytest.mark.parametrize(
    "channel", [{"receipts": "pull"}, {"callback_url": ""}], ids=["asked for", "no callback address"]
)
def test_nothing_is_queued_for_who_asks_himself(worlds: Worlds, channel: dict[str, Any]) -> None:
    """In pull mode send details alone tell."""
    world = worlds(**channel)
    deliver(world)
    assert waiting(world) == 0
    assert world.ended() == dict.fromkeys(PHONES, "DELIVERED")


def test_a_large_campaign_travels_in_calls_of_the_channel_s_size(
    worlds: Worlds, audience: CallbackServer
) -> None:
    """Never more entries than allowed, never two outIds in one call."""
    world = worlds(callback_url=audience.url, push_batch=40)
    deliver(world, [f"138{index:08d}" for index in range(100)])
    push(world)
    assert audience.inbox.received("task-1") == 100
    assert (audience.inbox.refused, audience.inbox.pushes >= 3) == (0, True)


ENDLESS = b'{"code": 200, "message": "' + b"x" * 70_000 + b'"}'


@pytest.mark.parametrize(
    ("status", "body", "waits", "rests"),
    [
        ("200 OK", b'{"code": 200}', 0, False),
        ("200 OK", ENDLESS, 1, False),
        ("200 OK", gzip.compress(b" " * 50_000_000), 1, False),
        ("500 Oops", ENDLESS, 1, False),
        ("403 Forbidden", ENDLESS, 1, True),
    ],
)
def test_no_more_of_an_answer_is_read_than_it_needs(
    worlds: Worlds, status: str, body: bytes, waits: int, rests: bool
) -> None:
    """64 kB: a longer answer was no success, and its status still counts."""
    packed = ["Content-Encoding: gzip"] if body.startswith(b"\x1f") else []
    with Peer(reply(status, body, *packed)) as audience:
        world = worlds(callback_url=audience.url)
        deliver(world, PHONES[:1])
        push(world)
    assert waiting(world) == waits
    assert bool(world.ledger.coordination.channel_state(NAME).breaker_failures) == rests


def test_an_answer_without_an_end_is_left_in_memory_too(worlds: Worlds) -> None:
    """With its length told, and without."""
    pieces = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", *[b"x" * 65_536] * 100]
    with Peer(answering(*pieces)) as audience:
        world = worlds(callback_url=audience.url)
        deliver(world, PHONES[:1])
        push(world)
    assert waiting(world) == 1
