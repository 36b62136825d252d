"""Where a person's message is that no vendor was called with yet: why it waits, and until when."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bridge.ledger import AccountKey, Act, CampaignState, Excerpt
from bridge.ledger.database import tables
from bridge.ledger.people import waiting
from bridge.plugin import VendorThrottled, Verdict, from_vendor
from bridge.services.desk.looking import Looking
from bridge.services.desk.operating import Operating
from bridge.services.desk.waiting import SeenQueue

from ..conftest import Worlds
from ..two_accounts import raising, two
from ..world import NAME, World

PHONE = "13800000000"
OTHERS = [f"139{number:08d}" for number in range(5)]
LATER = datetime(2027, 1, 1, tzinfo=UTC)
LATER_MS = int(LATER.timestamp() * 1000)


def queue(
    world: World, phone: str = PHONE, most: int = 1 << 60, since: int = 0, until: int = 1 << 60
) -> SeenQueue:
    looking = Looking(world.settings, world.ledger, lambda: world.now)
    return looking.waiting(from_vendor(phone), None, Excerpt(since, until, limit=9), most=most)


def told(world: World) -> tuple[str, int | None, str]:
    [one] = queue(world).messages
    assert (one.number, one.out_id, one.campaign_name) == ("138******00", "task-1", "task-1")
    assert one.deadline > one.accepted
    return one.reason, one.until, one.words


def operating(world: World) -> Operating:
    return Operating(world.settings, world.ledger, lambda: world.now)


def campaign(world: World, state: CampaignState) -> None:
    [found] = world.ledger.campaigns.named([NAME], "task-1")
    act = Act("shell:me", "campaign controlled", int(world.now * 1000), NAME, why="Wrong text.")
    assert world.ledger.controlling.change(found.id, state, list(CampaignState), act)


def deferred(world: World) -> None:
    world.screen.decide = lambda _number: Verdict(reason="Night.", defer_until=LATER)
    world.hand_over()


def throttled(world: World) -> None:
    world.vendor.answer = raising(VendorThrottled("Slow down.", retry_after=60))
    world.hand_over()


REASONS: list[tuple[str, Callable[[World], object], str, int | None, str]] = [
    ("its turn", lambda world: None, "turn", None, ""),
    ("being called", lambda world: world.claimed(), "calling", None, ""),
    ("paused", lambda world: operating(world).pause(NAME, "No money."), "pause", None, "No money."),
    ("policy", deferred, "policy", LATER_MS, "screen: Night."),
    ("throttled", throttled, "throttled", 60_000, "Slow down."),
    ("campaign", lambda world: campaign(world, CampaignState.PAUSED), "campaign", None, "Wrong text."),
    ("cancelled", lambda world: campaign(world, CampaignState.CANCELLED), "ends", None, "Wrong text."),
]


@pytest.mark.parametrize(
    ("_name", "act", "reason", "until", "words"), REASONS, ids=[one[0] for one in REASONS]
)
def test_what_waits_says_why_and_until_when(
    world: World, _name: str, act: Callable[[World], object], reason: str, until: int | None, words: str
) -> None:
    """In the words of whoever holds it."""
    world.send([*OTHERS[:2], PHONE, *OTHERS[2:]])
    now = int(world.now * 1000)
    act(world)
    found = told(world)
    if reason == "throttled":
        assert found[0] == reason
        assert found[1] is not None
        assert found[1] >= now + (until or 0)
    else:
        assert found == (reason, until, words)


def test_an_account_s_pause_holds_what_waits_for_it_alone(worlds: Worlds) -> None:
    """Others of the channel go on."""
    world = two(worlds)
    world.send([PHONE])
    for account, reason in (("", "turn"), ("spare", "turn"), ("main", "pause")):
        mine = update(tables.batch).values(account=account)
        world.ledger.write(lambda connection, sql=mine: connection.execute(sql))  # type: ignore[misc]
        if account == "main":
            act = Act("shell:me", "account paused", int(world.now * 1000), NAME)
            world.ledger.accounts.pause_until_resumed(AccountKey(NAME, "main"), "Refused.", act)
        assert told(world)[0] == reason


@pytest.mark.parametrize(
    "written",
    [PHONE, f"+86{PHONE}", "138 0000 0000", "138-0000-0000", "１３８００００００００", f"0086{PHONE}"],
)
def test_a_person_is_found_however_the_number_is_written(world: World, written: str) -> None:
    """As the same number is everywhere else; and nobody else is."""
    world.send([OTHERS[0], written])
    assert len(queue(world).messages) == 1
    assert queue(world, "13800000001").messages == []
    assert queue(world, "13880000000").messages == []


def test_what_was_called_is_no_longer_in_the_queue(world: World) -> None:
    """It has its place among the messages then."""
    world.send([PHONE])
    assert len(queue(world).messages) == 1
    world.hand_over()
    assert queue(world).messages == []


def test_a_look_is_bounded_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never as if all had been looked through."""
    monkeypatch.setattr(waiting, "_PAGE", 1)
    code = world.template()
    for index, number in enumerate([*OTHERS[:3], PHONE]):
        world.send([number], code=code, digest=bytes([index]) * 32)
    bounded = queue(world, most=2)
    assert (bounded.messages, bounded.looked, bounded.left) == ([], 2, 2)
    assert (len(queue(world, most=4).messages), queue(world).left) == (1, 0)


def test_a_span_is_of_the_acceptance(world: World) -> None:
    """As the page's filters choose."""
    world.send([PHONE])
    now = queue(world).messages[0].accepted
    assert len(queue(world, since=now - 1000, until=now + 1000).messages) == 1
    assert queue(world, since=now + 1000).messages == []
    assert queue(world, until=now - 1000).messages == []
