"""A campaign's state is true: it runs as long as anything of it may still change, and not longer."""

from collections.abc import Callable

import pytest

from bridge.ledger import NewFile, NewSend, Progress, Recipients, Terms
from bridge.ledger.scope import Holder
from bridge.plugin import DeliveryReceipt, Kind, MessageStatus, OutcomeUnknown, rejected
from bridge.services.campaigns.seeing import STATES, Seeing
from bridge.services.snapshots import snapshot

from ..two_accounts import raising
from ..world import NAME, World
from .test_campaigns import control, controlling, numbers, send

HOUR_MS = 3_600_000


def waiting(world: World) -> None:
    send(world, numbers(2))


def sent(world: World) -> None:
    send(world, numbers(2))
    world.hand_over()


def delivered(world: World) -> None:
    """Report what the vendor took last as delivered."""
    reports = [DeliveryReceipt(MessageStatus.DELIVERED, one.ref) for one in world.vendor.batches[-1].messages]
    world.services.receiving.store_reports(reports, [], "webhook")


def all_delivered(world: World) -> None:
    sent(world)
    delivered(world)


def refused(world: World) -> None:
    world.vendor.answer = lambda batch: [rejected("NO", "No.") for _ in batch.messages]
    sent(world)


def in_question(world: World) -> None:
    world.vendor.answer = raising(OutcomeUnknown("no answer"))
    sent(world)


def sent_again(world: World) -> None:
    all_delivered(world)
    send(world, numbers(1, 9))


def paused_at_its_end(world: World) -> None:
    all_delivered(world)
    controlling(world).pause([NAME], "out-1", "Later.")


def cancelled(world: World) -> None:
    send(world, numbers(2))
    controlling(world).cancel([NAME], "out-1", "Stop.")
    control(world)


def file_begun(world: World) -> None:
    read(world, finished=False)


def file_read(world: World) -> None:
    """Of one recipient, who gets the message."""
    read(world, finished=True)
    world.hand_over()
    delivered(world)


def read(world: World, *, finished: bool) -> None:
    code, now = world.template(), int(world.now * 1000)
    template = world.services.templates.find(code, Kind.TEXT)
    new = NewSend(NAME, "out-1", "Acme", code, snapshot(template), b"d")
    world.ledger.sends.accept(new, Terms(now, now + HOUR_MS, 0, 99), NewFile("https://x"))
    job = world.ledger.files.claim(NAME, Holder("reader", 9_000_000), now=now)
    assert job is not None
    batches = [Recipients(numbers(1), [{"name": "n"}])] if finished else []
    times = {"now": now, "lease_ms": 9_000_000, "deadline": now + HOUR_MS}
    assert world.ledger.files.advance(job, Progress("e", 1, 1, len(batches), finished), batches, **times)


HISTORIES: list[tuple[Callable[[World], None], str, bool]] = [
    (waiting, "running", False),
    (sent, "running", False),
    (in_question, "running", False),
    (all_delivered, "ended", True),
    (refused, "ended", True),
    (sent_again, "running", False),
    (paused_at_its_end, "paused", True),
    (cancelled, "cancelled", True),
    (file_begun, "running", False),
    (file_read, "ended", True),
]


@pytest.mark.parametrize(("history", "state", "over"), HISTORIES, ids=[one[0].__name__ for one in HISTORIES])
def test_the_state_follows_what_happened(
    world: World, history: Callable[[World], None], state: str, over: bool
) -> None:
    """On its own page and in a search by states, of which one finds it."""
    history(world)
    seeing = Seeing(world.ledger)
    [found] = seeing.search([NAME])
    assert (found.state, found.over) == (state, over)
    assert [one for one in STATES if seeing.search([NAME], state=one)] == [state]
