"""What ended in a span is told once more, also what Quick Audience had confirmed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from bridge.clock import iso
from bridge.ledger import Holder, Replayed, ReplyTerms, Scope, Taken
from bridge.ledger.reports import replaying
from bridge.ledger.reports.outbox import Ended, enqueue_receipts
from bridge.plugin import DeliveryReceipt, MessageStatus, MoMessage, from_vendor
from bridge.services.desk.operating import Operating, OperatorRefused

from ..conftest import Worlds
from ..world import NAME, World

PHONES = [f"138{number:08d}" for number in range(7)]
HOUR = 3600


def desk(world: World) -> Operating:
    return Operating(world.settings, world.ledger, lambda: world.now)


def taken(world: World) -> list[str]:
    """Claim all callbacks as the pusher does, have Quick Audience confirm them; the numbers in them."""
    now = int(world.now * 1000)
    jobs = world.ledger.write(
        lambda connection: world.ledger.outbox.claim(
            connection, Scope(NAME, now), Holder("me", 1000), jobs=50, size=500
        )
    )
    world.ledger.outbox.finish([Taken(job) for job in jobs], [], now)
    return sorted(entry.phone for job in jobs for entry in job.entries)


def end(world: World, phones: list[str]) -> None:
    """Send messages, and let the vendor report their delivery."""
    world.send(phones)
    world.hand_over()
    refs = [message.ref for batch in world.vendor.batches[-1:] for message in batch.messages]
    receipts = [DeliveryReceipt(MessageStatus.DELIVERED, message_ref=ref) for ref in refs]
    world.ledger.receipts.apply(NAME, receipts, pushes=True, now=int(world.now * 1000))


@pytest.fixture
def told(world: World) -> World:
    """Return a world in which Quick Audience confirmed two ends, an hour later two more, and a reply."""
    end(world, PHONES[:2])
    world.now += HOUR
    end(world, PHONES[2:4])
    now = int(world.now * 1000)
    reply = MoMessage(from_vendor(PHONES[2]), "Yes", datetime.fromtimestamp(world.now, UTC), "mo1")
    terms = ReplyTerms(HOUR * 1000, "", now)
    world.ledger.store_reports(Scope(NAME, now, pushes=True), [], [reply], terms)
    assert taken(world) == sorted([*PHONES[:4], PHONES[2]])
    assert taken(world) == []
    return world


SPANS = [
    ((-2 * HOUR, 0), "", [*PHONES[:4], PHONES[2]]),
    ((-2 * HOUR, -HOUR / 2), "", PHONES[:2]),
    ((-HOUR / 2, 0), "", [*PHONES[2:4], PHONES[2]]),
    ((-HOUR / 2, 0), "task-1", [*PHONES[2:4], PHONES[2]]),
    ((-2 * HOUR, 0), "task-2", []),
    ((1, HOUR), "", []),
]


@pytest.mark.parametrize(("span", "out_id", "phones"), SPANS)
@pytest.mark.parametrize("page", [1, 2000])
def test_a_span_is_told_again(
    told: World,
    monkeypatch: pytest.MonkeyPatch,
    span: tuple[float, float],
    out_id: str,
    phones: list[str],
    page: int,
) -> None:
    """By the time of the end, and by outId; as often as it is asked for."""
    monkeypatch.setattr(replaying, "_PAGE", page)
    since, until = (int((told.now + offset) * 1000) for offset in span)
    for _ in range(2):
        replayed = desk(told).replay_span(NAME, since, until, out_id)
        assert replayed.receipts + replayed.replies == len(phones)
        assert taken(told) == sorted(phones)


OF_A_CAMPAIGN = [
    (0, "task-1", [*PHONES[:4], PHONES[2]]),
    (-HOUR / 2, "task-1", [*PHONES[2:4], PHONES[2]]),
    (0, "another", []),
]


@pytest.mark.parametrize(("since", "name", "phones"), OF_A_CAMPAIGN)
def test_a_campaign_is_told_again(told: World, since: float, name: str, phones: list[str]) -> None:
    """By itself, from its first send or from then on, and nothing of another."""
    [found] = told.ledger.campaigns.named([NAME], "task-1")
    asked = found if name == "task-1" else replace(found, id=found.id + 1)
    now = int(told.now * 1000)
    replayed = desk(told).replay_campaign(asked, int(now + since * 1000) if since else 0, now)
    assert replayed.receipts + replayed.replies == len(phones)
    assert taken(told) == sorted(phones)


def test_a_person_who_was_forgotten_is_not_told_of(told: World) -> None:
    """The message stays without its number, and a callback without a number says nothing."""
    desk(told).forget(from_vendor(PHONES[0]), "Asked.")
    now = int(told.now * 1000)
    assert desk(told).replay_span(NAME, now - 2 * HOUR * 1000, now).receipts == 3
    assert PHONES[0] not in taken(told)


def test_what_has_not_ended_is_not_told(world: World) -> None:
    """An accepted message has no end to tell."""
    world.send(PHONES)
    world.hand_over()
    now = int(world.now * 1000)
    assert desk(world).replay_span(NAME, now - HOUR, now + HOUR) == Replayed()


@pytest.mark.parametrize(
    ("channel", "span", "sentence"),
    [("nope", (0, 1), "no channel nope"), (NAME, (1, 0), "ends before it begins")],
)
def test_what_cannot_be_replayed_is_said(
    world: World, channel: str, span: tuple[int, int], sentence: str
) -> None:
    """In one sentence."""
    with pytest.raises(OperatorRefused, match=sentence):
        desk(world).replay_span(channel, *span)


def test_a_channel_that_pushes_nothing_says_so(worlds: Worlds) -> None:
    """Quick Audience asks for its receipts."""
    with pytest.raises(OperatorRefused, match="nothing is pushed"):
        desk(worlds(receipts="pull", callback_url="")).replay_span(NAME, 0, 1)


def noted(world: World) -> list[tuple[object, object]]:
    acts = [act for act in world.ledger.audit.acts() if act.what == "callbacks replayed"]
    return [(act.before, act.after) for act in acts]


@pytest.mark.parametrize("page", [1, 2000])
def test_the_audit_says_how_many_and_of_which_span(
    told: World, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """As the person who asked for it is told."""
    monkeypatch.setattr(replaying, "_PAGE", page)
    since, until = int((told.now - 2 * HOUR) * 1000), int(told.now * 1000)
    assert desk(told).replay_span(NAME, since, until) == Replayed(4, 1, 0)
    span = {"since": iso(since), "until": iso(until)}
    assert noted(told) == [({"given_up": 0}, {**span, "receipts": 4, "replies": 1, "waiting": 0})]


def test_of_an_interrupted_replay_the_audit_says_how_far_it_came(
    told: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was pushed again and what is told of it stand in one transaction."""
    monkeypatch.setattr(replaying, "_PAGE", 1)
    pages = iter(range(3))

    def three_times(connection: Connection, scope: Scope, groups: dict[str, list[Ended]]) -> None:
        enqueue_receipts(connection, scope, groups)
        if groups:
            next(pages)

    monkeypatch.setattr(replaying, "enqueue_receipts", three_times)
    with pytest.raises(StopIteration):
        desk(told).replay_span(NAME, int((told.now - 2 * HOUR) * 1000), int(told.now * 1000))
    [(_, after)] = noted(told)
    assert isinstance(after, dict)
    assert (after["receipts"], after["replies"]) == (3, 0)
    assert len(taken(told)) == 3
