"""What a person does about unknown outcomes: the vendor is asked now, or messages are sent once more."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bridge.ledger import Chosen, Resent
from bridge.ledger.database import tables
from bridge.ledger.refs import to_ref
from bridge.ledger.sending import unknowns
from bridge.ledger.sending.decisions import decided_further
from bridge.plugin import (
    DeliveryReceipt,
    MessageStatus,
    NotAccepted,
    SubmitResult,
    VendorThrottled,
    accepted,
    not_sent,
    rejected,
    unknown,
)
from bridge.services.desk.operating import OperatorRefused
from bridge.services.desk.unknowns import UnknownOutcomes
from tests.databases import decisions

from ..world import NAME, World

PHONES = ["13800138000", "13900139000", "13700137000"]
ALL = Chosen(NAME)
LOST = unknown("The vendor answered HTTP 503.", "HTTP_503")
ABSENT = not_sent(NotAccepted("Not found."))


def lost(world: World, phones: list[str] = PHONES) -> None:
    """Send messages whose answers are lost."""
    usual = world.vendor.answer
    world.vendor.answer = lambda batch: [LOST] * len(batch.messages)
    world.send(phones)
    world.hand_over()
    world.vendor.answer = usual


def desk(world: World) -> UnknownOutcomes:
    return UnknownOutcomes(world.settings, world.ledger, lambda: world.now)


def deliver(world: World, refs: list[str]) -> None:
    """The vendor's receipts."""
    receipts = [DeliveryReceipt(MessageStatus.DELIVERED, message_ref=ref) for ref in refs]
    world.ledger.receipts.apply(NAME, receipts, pushes=True, now=int(world.now * 1000))


def references(world: World) -> list[str]:
    return [message.ref for batch in world.vendor.batches for message in batch.messages]


def test_they_are_listed(world: World) -> None:
    """By batch, with when the vendor is asked next."""
    lost(world)
    [one] = desk(world).list(None, limit=10)
    assert (one.channel, one.out_id, one.messages, one.resent) == (NAME, "task-1", 3, False)
    assert one.called == int(world.now * 1000)
    assert one.next_look == one.called + 30_000


def test_a_person_sends_them_once_more(world: World) -> None:
    """Each gets one more call, under another reference, and one final status; the reason is kept."""
    lost(world)
    with capture_logs() as logs:
        resent = desk(world).resend(ALL, "The vendor lost our calls, ask 13800138000.")
    assert (resent.messages, resent.batches) == (3, 1)
    [kept] = decisions(world.ledger)
    assert (kept.id, kept.kind, kept.messages) == (resent.decision, "resend", 3)
    assert kept.reason == "The vendor lost our calls, ask 138******00."
    assert [entry["messages"] for entry in logs if entry["event"].startswith("unknown outcomes")] == [3]
    world.hand_over()
    assert world.sent() == PHONES * 2
    assert len(set(references(world))) == 6
    deliver(world, references(world)[3:])
    assert world.ended() == dict.fromkeys(PHONES, "DELIVERED")
    assert desk(world).list(None, limit=10) == []


def straight(world: World) -> None:
    """Nothing happens in between."""


def cut(world: World) -> None:
    """One of them is put back, the others are lost again."""
    world.vendor.answer = lambda batch: (
        [not_sent(VendorThrottled("Slow down.", retry_after=1))] + [LOST] * (len(batch.messages) - 1)
    )
    world.hand_over()
    world.now += 3


@pytest.mark.parametrize("meanwhile", [straight, cut])
def test_at_most_once_for_each_message(world: World, meanwhile: Callable[[World], None]) -> None:
    """What is lost again is not sent by another decision, also if it was put back in between."""
    lost(world)
    desk(world).resend(ALL, "First.")
    meanwhile(world)
    world.vendor.answer = lambda batch: [LOST] * len(batch.messages)
    world.hand_over()
    called = len(world.sent())
    found = desk(world).list(None, limit=10)
    assert sum(one.messages for one in found) == 3
    assert all(one.resent for one in found)
    assert desk(world).resendable(ALL) == 0
    assert desk(world).resend(ALL, "Second.") == Resent(0, 0, 0)
    world.hand_over()
    assert len(world.sent()) == called


def test_what_a_receipt_settled_stays(world: World) -> None:
    """A message whose receipt came before the decision is not sent again."""
    lost(world)
    deliver(world, references(world)[1:2])
    assert desk(world).resendable(ALL) == 2
    assert desk(world).resend(ALL, "Lost.").messages == 2
    world.hand_over()
    assert world.sent() == [*PHONES, PHONES[0], PHONES[2]]
    assert world.ended() == {PHONES[1]: "DELIVERED"}


CHOICES: dict[str, tuple[Callable[[World], Chosen], int]] = {
    "a channel": (lambda world: ALL, 3),
    "an outId": (lambda world: desk(world).chosen(NAME, out_id="task-1"), 3),
    "another outId": (lambda world: desk(world).chosen(NAME, out_id="task-2"), 0),
    "a batch": (lambda world: desk(world).chosen(NAME, [desk(world).list(None, limit=1)[0].batch]), 1),
    "another batch": (lambda world: desk(world).chosen(NAME, [to_ref(1)]), 0),
}


@pytest.mark.parametrize(("choose", "count"), CHOICES.values(), ids=CHOICES)
def test_a_decision_is_about_what_was_meant(
    world: World, choose: Callable[[World], Chosen], count: int
) -> None:
    """All of a channel, one outId, or some batches."""
    for phone in PHONES:
        lost(world, [phone])
    chosen = choose(world)
    assert desk(world).resendable(chosen) == count
    assert desk(world).resend(chosen, "Lost.").messages == count


WRONG: list[tuple[Callable[[UnknownOutcomes], object], str]] = [
    (lambda one: one.chosen("nope"), "There is no channel nope"),
    (lambda one: one.chosen(NAME, ["!"]), "! is no reference of a batch"),
    (lambda one: one.resend(ALL, " "), "Give a reason"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG, ids=[row[1] for row in WRONG])
def test_what_cannot_be_done_is_said(
    world: World, wrong: Callable[[UnknownOutcomes], object], sentence: str
) -> None:
    """In one sentence; nothing is moved."""
    lost(world)
    with pytest.raises(OperatorRefused, match=sentence):
        wrong(desk(world))
    assert desk(world).resendable(ALL) == 3


def test_a_process_that_dies_in_between_moves_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction is whole; the next decision takes what is left."""
    for phone in PHONES:
        lost(world, [phone])
    monkeypatch.setattr(unknowns, "_PIECE", 1)
    calls = iter(range(10))

    def dying(*arguments: object) -> None:
        decided_further(*arguments)  # type: ignore[arg-type]
        if next(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(unknowns, "decided_further", dying)
    with pytest.raises(KeyboardInterrupt):
        desk(world).resend(ALL, "Died.")
    monkeypatch.setattr(unknowns, "decided_further", decided_further)
    assert desk(world).resendable(ALL) == 2
    assert desk(world).resend(ALL, "Again.").messages == 2
    assert sorted(one.messages for one in decisions(world.ledger)) == [1, 2]
    world.hand_over()
    assert sorted(world.sent()) == sorted(PHONES * 2)


def test_decisions_and_receipts_at_once_move_each_message_once(world: World) -> None:
    """Two persons decide while receipts come in: each message ends by its receipt or is called once more."""
    phones = [f"138{number:08d}" for number in range(40)]
    world.vendor.size = 4
    lost(world, phones)
    first, told = world.sent(), references(world)[::3]
    together = Barrier(3)

    def decide() -> int:
        together.wait()
        return desk(world).resend(ALL, "Lost.").messages

    def receive() -> int:
        together.wait()
        for ref in told:
            deliver(world, [ref])
        return 0

    with ThreadPoolExecutor(3) as pool:
        for one in [pool.submit(work) for work in (decide, decide, receive)]:
            one.result()
    world.now += 10  # the account rests after so many lost answers
    # A message may be on its way into another batch when its receipt comes: that is tried again.
    world.ledger.receipts.retry_parked(NAME, pushes=True, now=int(world.now * 1000))
    world.hand_over()
    calls = Counter(world.sent())
    assert sorted(calls) == phones  # those too that waited while the account rested
    assert max(calls.values()) == 2
    # What a decision had moved before its receipt came was taken back.
    assert sorted(world.ended()) == sorted(first[::3])
    assert {number for number in first if calls[number] == 1} == set(first[::3])


LOOK_UPS: dict[str, tuple[SubmitResult, tuple[int, int, int, int]]] = {
    "taken": (accepted("v1"), (3, 0, 0, 0)),
    "refused": (rejected("BAD", "No such number."), (0, 3, 0, 0)),
    "absent": (ABSENT, (0, 0, 3, 0)),
    "cannot tell": (LOST, (0, 0, 0, 3)),
}


@pytest.mark.parametrize(("answer", "counts"), LOOK_UPS.values(), ids=LOOK_UPS)
def test_the_vendor_is_asked_now(
    world: World, answer: SubmitResult, counts: tuple[int, int, int, int]
) -> None:
    """Due or not; what it proves is done at once."""
    lost(world)
    world.vendor.look_up = lambda batch: [LOST] * len(batch.messages)
    for _ in range(3):  # a worker is there, which watches the clock
        world.now += 100
        world.duties.bring_back()
    world.settle()  # puts the next look off
    world.vendor.looked_up.clear()
    world.vendor.look_up = lambda batch: [answer] * len(batch.messages)
    asked = desk(world).settle({NAME: world.services.channel}, None)[NAME]
    assert (asked.accepted, asked.rejected, asked.absent, asked.unknown) == counts
    assert len(world.vendor.looked_up) == 1
    assert sum(one.messages for one in desk(world).list(None, limit=1)) == counts[3]


@pytest.mark.parametrize("able", [True, False], ids=["asked", "by settings that name another account"])
def test_absence_is_not_believed_while_the_call_may_still_arrive(world: World, able: bool) -> None:
    """Asked a second after a call timed out, the vendor knows of nothing: that proves nothing yet."""
    world.send(PHONES)
    world.warm()
    [claimed] = world.claimed()
    world.now += 61
    assert world.duties.take_over()
    world.vendor.look_up = lambda batch: [ABSENT] * len(batch.messages)
    own, world.hooks.identity = world.hooks.identity, world.hooks.identity if able else "another"
    asked = desk(world).settle({NAME: world.services.channel}, NAME)[NAME]
    world.hooks.identity = own
    assert (asked.absent, asked.unknown, len(world.vendor.looked_up)) == (0, 3, int(able))
    [one] = world.ledger.unknowns.of(Chosen(NAME))
    assert one.due >= (claimed.called or 0) + 2 * 60_000
    world.now = one.due / 1000 + 1
    world.settle()
    world.hand_over()
    assert world.sent() == PHONES


def test_at_another_account_nobody_is_asked(world: World) -> None:
    """Whose account is not configured any more, only receipts settle."""
    lost(world)
    elsewhere = update(tables.batch).values(identity="other")
    world.ledger.write(lambda connection: connection.execute(elsewhere))
    asked = desk(world).settle({NAME: world.services.channel}, NAME)[NAME]
    assert (asked.not_asked, asked.unknown, world.vendor.looked_up) == (3, 3, [])


def test_what_was_called_elsewhere_is_left_to_whoever_can_ask(world: World) -> None:
    """Of several accounts only those in question are opened: about others nothing is said or put off."""
    lost(world)
    called = desk(world).list(None, limit=1)[0].account
    for accounts, identity, open_ in (
        (["another"], world.hooks.identity, 0),
        ([called], "one that is not opened", 3),
    ):
        elsewhere = update(tables.batch).values(identity=identity)
        world.ledger.write(lambda connection, sql=elsewhere: connection.execute(sql))  # type: ignore[misc]
        asked = desk(world).settle({NAME: world.services.channel}, NAME, accounts)[NAME]
        assert (asked.open, asked.not_asked, world.vendor.looked_up) == (open_, open_, [])
        assert all(one.next_look is not None for one in desk(world).list(None, limit=9))
