"""Unknown outcomes: looked up, decided at their deadline, never sent again without proof or permission."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from sqlalchemy import Connection, update

from bridge.ledger import AccountKey, Shown
from bridge.ledger.database import tables
from bridge.ledger.refs import message_ref
from bridge.ledger.reports.parking import Awaited
from bridge.ledger.sending import batches
from bridge.plugin import (
    Batch,
    DeliveryReceipt,
    MessageStatus,
    NotAccepted,
    OutcomeUnknown,
    SubmitResult,
    Verdict,
    accepted,
    not_sent,
    rejected,
    unknown,
)
from bridge.services.campaigns.controlling import CampaignControlling
from bridge.services.campaigns.seeing import Seeing
from bridge.services.desk.operating import Operating

from ..conftest import Worlds
from ..world import NAME, World

PHONES = ["13800000000", "13800000001", "13800000002"]
HOUR = 3600


def lose(world: World) -> None:
    """Send three messages and lose the answer."""

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        raise OutcomeUnknown("The answer was lost.")

    world.vendor.answer = answer
    world.send(PHONES)
    world.hand_over()
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]


def later(world: World, seconds: float) -> None:
    """Let time pass, then do the duties and send what is due."""
    world.now += seconds
    while world.settle():
        pass
    world.hand_over()


LOOK_UPS: dict[str, tuple[list[SubmitResult], list[str], int]] = {
    "all there": ([accepted("1"), accepted("2"), accepted("3")], [], 0),
    "one refused": ([accepted(), rejected("NO", "no"), accepted()], ["NO"], 0),
    "one proven absent": ([accepted(), not_sent(NotAccepted("absent")), accepted()], [], 1),
    "nothing known": ([unknown("?")] * 3, [], 0),
}


@pytest.mark.parametrize(("found", "codes", "again"), LOOK_UPS.values(), ids=LOOK_UPS)
def test_a_look_up_settles_what_it_proves(
    world: World, found: list[SubmitResult], codes: list[str], again: int
) -> None:
    """The vendor is asked with the same references, and only proof of absence sends again."""
    lose(world)
    world.vendor.look_up = lambda batch: found
    later(world, 31)
    assert [message.ref for message in world.vendor.looked_up[0].messages] == [
        message.ref for message in world.vendor.batches[0].messages
    ]
    assert world.vendor.looked_up[0].called_at == world.vendor.batches[0].called_at
    assert sorted(world.ended().values()) == codes
    assert len(world.sent()) == 3 + again
    still_open = sum(result.outcome == "unknown" for result in found)
    assert bool(world.ledger.gauges()) is bool(still_open)


ABSENT = [not_sent(NotAccepted("absent"))] * 3
THERE = [accepted("1"), accepted("2"), accepted("3")]

# What names the account of a call, the account asked now, what it says: asked, sent again, settled.
ACCOUNTS: dict[str, tuple[str | None, str | None, list[SubmitResult], int, int, bool]] = {
    "the same": (None, None, ABSENT, 1, 3, True),
    "another, which knows nothing of it": (None, "another", ABSENT, 0, 0, False),
    "another, which has such ids too": (None, "another", THERE, 0, 0, False),
    "none is named, as before schema 0005": ("", None, ABSENT, 1, 0, False),
    "none is named, and the message is there": ("", None, THERE, 1, 0, True),
}


@pytest.mark.parametrize(("named", "now", "found", "asked", "again", "done"), ACCOUNTS.values(), ids=ACCOUNTS)
def test_absence_proves_something_only_at_the_account_that_was_called(
    world: World,
    named: str | None,
    now: str | None,
    found: list[SubmitResult],
    asked: int,
    again: int,
    done: bool,
) -> None:
    """Elsewhere the outcome stays unknown until its receipt or its deadline."""
    lose(world)
    if named is not None:
        world.ledger.write(partial(_name_account, named))
    if now is not None:
        world.services.channel.hooks.identity = now
    world.vendor.look_up = lambda batch: found
    later(world, 31)
    assert (len(world.vendor.looked_up), len(world.sent()) - 3) == (asked, again)
    assert bool(world.ledger.gauges()) is not done
    if not done:
        later(world, 73 * HOUR)
        assert set(world.ended().values()) == {"OUTCOME_UNKNOWN"}
        assert len(world.sent()) == 3


def _name_account(identity: str, connection: Connection) -> None:
    connection.execute(update(tables.batch).values(identity=identity))


def controlled(act: str, world: World) -> None:
    controlling = CampaignControlling(Seeing(world.ledger), world.ledger, lambda: world.now, "shell:x")
    getattr(controlling, act)([NAME], "task-1", "Wrong.")
    world.duties.control()


def halted(world: World) -> None:
    Operating(world.settings, world.ledger, lambda: world.now).pause(NAME, "Stop everything.")


def objected(world: World) -> None:
    world.screen.decide = lambda number: Verdict(code="SUPPRESSED", reason="Opted out.")


def shown(world: World, waits: bool) -> None:
    """Let an account rest, and end its rest; other messages wait for it or not."""
    key, now = AccountKey(NAME, world.services.channel.primary.name), int(world.now * 1000)
    failures = [Shown(key, "It hangs.")] * 3
    world.ledger.write(lambda connection: world.ledger.accounts.allow(connection, failures, [], now))
    if waits:
        world.send(["13800000009"])


def resting(world: World) -> None:
    world.now += 30
    shown(world, waits=False)


# What happened since the lost call -> how often a look-up that repeats it is made.
STOPS: dict[str, tuple[Callable[[World], None], float, int]] = {
    "nothing": (lambda world: None, 31, 1),
    "its campaign is cancelled": (partial(controlled, "cancel"), 31, 0),
    "its campaign is paused": (partial(controlled, "pause"), 31, 0),
    "its channel is paused": (halted, 31, 0),
    "a person opted out": (objected, 31, 0),
    "its account rests": (resting, 1, 0),
    "its account is on trial": (partial(shown, waits=False), 31, 1),
    "others are its trial": (partial(shown, waits=True), 31, 0),
}


@pytest.mark.parametrize("asks", [False, True], ids=["repeats", "only asks"])
@pytest.mark.parametrize(("since", "wait_s", "repeats"), STOPS.values(), ids=STOPS)
def test_a_look_up_that_repeats_the_call_obeys_what_a_send_obeys(
    world: World, since: Callable[[World], None], wait_s: float, repeats: int, asks: bool
) -> None:
    """It may hand the messages over; one that only asks is always made."""
    world.vendor.look_up_repeats = not asks
    lose(world)
    since(world)
    world.now += wait_s
    world.settle()
    assert len(world.vendor.looked_up) == (1 if asks else repeats)


def test_a_repeat_that_fails_lets_its_account_rest(world: World) -> None:
    """It is a call as any other: in an outage look-ups are no way round the breaker."""
    world.vendor.look_up_repeats = True
    world.vendor.look_up = lambda batch: [unknown("It hangs.")] * len(batch.messages)
    lose(world)
    for _ in range(300):
        world.now += 1
        world.settle()
    assert world.ledger.accounts.of(NAME)[world.services.channel.primary.name].opens
    assert len(world.vendor.looked_up) < 6


@pytest.mark.parametrize("error", [OutcomeUnknown("no answer"), NotAccepted("down"), RuntimeError("bug")])
def test_a_failed_look_up_proves_nothing(world: World, error: Exception) -> None:
    """A look-up that could not be made must not send anything again."""
    lose(world)

    def broken(batch: Batch) -> Sequence[SubmitResult]:
        raise error

    world.vendor.look_up = broken
    for _ in range(10):
        later(world, HOUR)
    assert len(world.sent()) == 3
    assert world.ledger.gauges() == {(NAME, "unknown"): 3}


def test_look_ups_become_rarer(world: World) -> None:
    """A day of not knowing costs a few dozen questions, not thousands."""
    lose(world)
    world.vendor.look_up = lambda batch: [unknown("?")] * len(batch.messages)
    for _ in range(24 * 6):
        world.now += 600
        world.settle()
    assert 20 < len(world.vendor.looked_up) < 60


@pytest.mark.parametrize(("policy", "code", "calls"), [("fail", "OUTCOME_UNKNOWN", 3), ("resend", None, 6)])
def test_at_the_deadline_the_policy_decides(
    worlds: Worlds, policy: str, code: str | None, calls: int
) -> None:
    """By default the message fails; only an operator who said so gets it sent again."""
    world = worlds(unknown_policy=policy, unknown_deadline_h=1)
    world.vendor.look_up = lambda batch: [unknown("?")] * len(batch.messages)
    lose(world)
    for _ in range(4):
        later(world, HOUR / 2)
    assert len(world.sent()) == calls
    assert world.ended() == (dict.fromkeys(PHONES, code) if code else {})
    assert not world.ledger.gauges()


@pytest.mark.parametrize(("policy", "calls"), [("fail", 4), ("resend", 5)])
def test_at_the_deadline_the_vendor_is_asked_once_more(worlds: Worlds, policy: str, calls: int) -> None:
    """Workers may have rested since the call: what the vendor knows by then is not left to the policy."""
    world = worlds(unknown_policy=policy, unknown_deadline_h=1)
    lose(world)
    known = [accepted(), not_sent(NotAccepted("absent")), unknown("?")]
    world.vendor.look_up = lambda batch: known
    later(world, HOUR + 1)
    assert len(world.sent()) == calls
    assert world.ended() == ({PHONES[2]: "OUTCOME_UNKNOWN"} if policy == "fail" else {})


def test_a_receipt_settles_before_any_look_up(world: World) -> None:
    """What receipts prove need not be asked about."""
    lose(world)
    (batch,) = world.vendor.batches
    receipts = [
        DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message.ref) for message in batch.messages
    ]
    world.services.receiving.store_reports(receipts, [], "webhook")
    later(world, HOUR)
    assert world.vendor.looked_up == []
    assert world.ended() == dict.fromkeys(PHONES, "DELIVERED")


def test_a_receipt_that_raced_with_the_record_is_applied_soon(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither saw what the other had not committed yet; the worker brings them together."""

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        receipts = [DeliveryReceipt(MessageStatus.DELIVERED, message_ref=one.ref) for one in batch.messages]
        world.services.receiving.store_reports(receipts, [], "webhook")
        return [accepted() for _ in batch.messages]

    world.vendor.answer = answer
    monkeypatch.setattr(batches, "awaited", lambda connection, called: Awaited(set(), {}, set()))
    world.send(PHONES)
    world.hand_over()
    assert world.ended() == {}
    later(world, 6)
    assert world.ended() == dict.fromkeys(PHONES, "DELIVERED")


def test_a_worker_that_died_in_its_call_leaves_an_unknown_outcome(world: World) -> None:
    """Nobody calls again; the bad number of the same batch is told at once."""
    world.send([*PHONES, "not a number"])
    (claimed,) = world.claimed()
    later(world, 61)
    assert world.sent() == []
    assert world.ended() == {"not a number": "INVALID_NUMBER"}
    later(world, 88)
    assert world.vendor.looked_up == [], "the call of a slow worker may still arrive"
    later(world, 2)
    assert [message.ref for message in world.vendor.looked_up[0].messages] == [
        message_ref(claimed.id, seq) for seq in range(3)
    ]


def test_a_worker_that_slept_through_its_lease_does_not_call(world: World) -> None:
    """Its batch may be settled by others already: calling now could send twice."""
    world.send(PHONES)
    (claimed,) = world.claimed()
    world.now += 59
    sent = world.services.sending.run(claimed)
    assert world.sent() == []
    assert sent.conclusion.retry_at is not None


@pytest.mark.parametrize(("hours", "code"), [(71, None), (73, "NO_RECEIPT")])
def test_a_message_whose_receipt_never_comes_is_closed(world: World, hours: float, code: str | None) -> None:
    """Quick Audience is told after three days, and what comes later changes nothing."""
    world.send(PHONES)
    world.hand_over()
    world.now += hours * HOUR
    world.duties.review(world.services)
    assert world.ended() == (dict.fromkeys(PHONES, code) if code else {})
    receipts = [
        DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message.ref)
        for message in world.vendor.batches[0].messages
    ]
    world.services.receiving.store_reports(receipts, [], "webhook")
    assert world.ended() == dict.fromkeys(PHONES, code or "DELIVERED")


def test_a_message_sent_late_is_closed_too(world: World) -> None:
    """One that waited while others were sent is not passed over when they are closed."""
    world.vendor.size = 1
    world.vendor.answer = lambda batch: (
        [accepted()] if batch.messages[0].phone.raw == PHONES[1] else [not_sent(NotAccepted("busy"))]
    )
    world.send(PHONES[:2])
    world.hand_over()
    world.vendor.answer = lambda batch: [accepted()]
    world.now += 60 * HOUR
    world.hand_over()
    for _ in range(14):
        world.now += 10 * HOUR
        world.duties.review(world.services)
    assert world.ended() == dict.fromkeys(PHONES[:2], "NO_RECEIPT")


def test_the_policy_does_not_send_again_for_ever(worlds: Worlds) -> None:
    """Once more by permission, then the message fails: each further call may be another message."""
    world = worlds(unknown_policy="resend", unknown_deadline_h=1)
    world.vendor.look_up = lambda batch: [unknown("?")] * len(batch.messages)
    lose(world)
    world.vendor.answer = lambda batch: [unknown("?")] * len(batch.messages)
    for _ in range(10):
        later(world, HOUR / 2)
    assert len(world.sent()) == 2 * len(PHONES)
    assert world.ended() == dict.fromkeys(PHONES, "OUTCOME_UNKNOWN")


def test_what_is_lost_again_and_again_has_an_end(worlds: Worlds) -> None:
    """Proof of absence sends a message again, but not beyond the time in which it is of use."""
    world = worlds(unknown_deadline_h=1, reconcile_after_s=60)
    world.vendor.look_up = lambda batch: [not_sent(NotAccepted("absent"))] * len(batch.messages)
    lose(world)
    world.vendor.answer = lambda batch: [unknown("?")] * len(batch.messages)
    for _ in range(200):
        later(world, 61)
    assert world.ended() == dict.fromkeys(PHONES, "NOT_SENT_IN_TIME")
    assert not world.ledger.gauges()
