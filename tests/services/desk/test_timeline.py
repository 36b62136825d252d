"""One message from its first call to the callback that told of its end: nothing on the way is lost."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from bridge.ledger import Excerpt, Holder, Ledger, Scope, Taken
from bridge.ledger.database import tables
from bridge.plugin import (
    Batch,
    DeliveryReceipt,
    MessageStatus,
    NotAccepted,
    SubmitResult,
    VendorThrottled,
    accepted,
    from_vendor,
    not_sent,
    rejected,
    unknown,
)
from bridge.services.desk.looking import Looking
from bridge.services.desk.operating import Operating
from bridge.services.desk.timeline import SeenMessage

from ..conftest import Worlds
from ..world import NAME, World

PHONE = "13800000000"
OTHER = "13800000001"
HOUR = 3600
HOLDER = Holder("me", 60_000)
BUSY = "The account is busy with 13900000000."


def seen(world: World, phone: str = PHONE) -> SeenMessage:
    """Return the one message to a number."""
    looking = Looking(world.settings, world.ledger, lambda: world.now)
    [message] = looking.messages(from_vendor(phone), NAME, Excerpt(limit=9))
    return message


def calls(world: World, phone: str = PHONE) -> list[tuple[str, str]]:
    return [(one.outcome, one.code) for one in seen(world, phone).attempts]


# What two messages of one call got -> the outcome and code that is told of each.
ANSWERS: list[tuple[str, SubmitResult, SubmitResult, tuple[str, str], tuple[str, str]]] = [
    ("all taken", accepted("a"), accepted("b"), ("accepted", ""), ("accepted", "")),
    ("one refused", accepted("a"), rejected("E1", "Bad."), ("accepted", ""), ("rejected", "E1")),
    ("both refused", rejected("E2", "No."), rejected("E1", "Bad."), ("rejected", "E2"), ("rejected", "E1")),
    ("one unknown", unknown("Lost.", "GONE"), accepted("b"), ("unknown", "GONE"), ("accepted", "")),
]


@pytest.mark.parametrize(("_name", "first", "second", "one", "two"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_each_message_has_its_own_outcome(
    world: World,
    _name: str,
    first: SubmitResult,
    second: SubmitResult,
    one: tuple[str, str],
    two: tuple[str, str],
) -> None:
    """Though one row is kept for the whole call."""
    world.vendor.answer = lambda batch: [first, second]
    world.send([PHONE, OTHER])
    world.hand_over()
    assert (calls(world), calls(world, OTHER)) == ([one], [two])
    assert len(rows(world.ledger)) == 1


def rows(ledger: Ledger) -> Sequence[object]:
    """Return all attempts that are kept."""
    with ledger.database.read() as connection:
        return connection.execute(select(tables.attempt)).all()


def test_every_call_is_told_with_the_vendor_s_words(world: World) -> None:
    """Refused for now, in part and whole, then lost: each with its account and time, and no number."""
    world.send([PHONE, OTHER])
    world.vendor.answer = lambda batch: [not_sent(VendorThrottled(BUSY, code="BUSY"))] * 2
    world.hand_over()
    world.now += HOUR
    partly = [not_sent(NotAccepted("Not yours.", code="LATER")), accepted("v")]
    world.vendor.answer = lambda batch: partly
    world.hand_over()
    world.now += HOUR
    world.vendor.answer = lambda batch: [accepted("w")]
    world.hand_over()
    message = seen(world)
    told = [(one.outcome, one.code, one.account) for one in message.attempts]
    assert told == [
        ("not_sent", "BUSY", "obedient"),
        ("not_sent", "LATER", "obedient"),
        ("accepted", "", "obedient"),
    ]
    assert message.attempts[0].words == "The account is busy with 139******00."
    times = [one.called for one in message.attempts]
    assert times == sorted(times)
    assert len(set(times)) == 3
    assert {one.identity for one in message.attempts} == {world.hooks.identity}
    assert (message.vendor_id, message.campaign_name) == ("w", "task-1")
    assert calls(world, OTHER) == [("not_sent", "BUSY"), ("accepted", "")]


def test_a_message_sent_again_keeps_the_lost_call(world: World) -> None:
    """The vendor proved that it had not taken it."""
    world.send([PHONE, OTHER])
    world.vendor.answer = lambda batch: [unknown("Timed out."), accepted("v")]
    world.hand_over()
    world.vendor.look_up = lambda batch: [not_sent(NotAccepted("Never came."))]
    world.vendor.answer = lambda batch: [accepted("again")]
    world.now += 60
    world.settle()
    world.hand_over()
    assert calls(world) == [("unknown", "OUTCOME_UNKNOWN"), ("accepted", "")]


def test_a_worker_that_died_is_told(world: World) -> None:
    """Its call is one of unknown outcome; the answer of one that was only slow takes its place."""
    world.send([PHONE])
    world.claimed()
    world.now += HOUR
    world.settle()
    assert calls(world) == [("unknown", "INTERRUPTED")]


def test_what_the_bridge_refuses_was_not_called(world: World) -> None:
    """An attempt is a call."""
    world.send([PHONE, "12"])
    world.hand_over()
    looking = Looking(world.settings, world.ledger, lambda: world.now)
    with world.ledger.database.read() as connection:
        refused = connection.execute(
            select(tables.message.c.seq).where(tables.message.c.code == "INVALID_NUMBER")
        ).scalar_one()
    [details] = world.ledger.attempts.of(
        [
            one.batch_id
            for one in world.ledger.history.by_number(
                NAME, f"86{PHONE}", since=0, until=int(world.now * 1000) + 1, limit=9
            )
        ]
    ).values()
    assert (details[0].outcome_of(refused), calls(world)) == ("uncalled", [("accepted", "")])
    assert looking.waiting(from_vendor(PHONE), NAME, Excerpt(limit=9)).messages == []


def report(world: World, status: MessageStatus, code: str = "") -> None:
    ref = world.vendor.batches[0].messages[0].ref
    receipt = DeliveryReceipt(status, ref, code=code, reason=f"Says {PHONE}.")
    world.services.receiving.store_reports([receipt], [], "webhook")


def test_reports_stand_in_their_order(world: World) -> None:
    """The one that ended the message counts; what came later and said otherwise is kept, bounded."""
    world.send([PHONE])
    world.hand_over()
    report(world, MessageStatus.UNDELIVERABLE, "MK:0001")
    for _ in range(3):
        world.now += 5
        report(world, MessageStatus.DELIVERED)
    report(world, MessageStatus.UNDELIVERABLE, "MK:0001")
    found = seen(world).reports
    assert [(one.status, one.code, one.counts, one.times) for one in found] == [
        ("undeliverable", "MK:0001", True, 1),
        ("delivered", "", False, 3),
    ]
    assert PHONE not in repr(found)


def taken(world: World, answer: str) -> None:
    """Let Quick Audience take all callbacks."""
    now = int(world.now * 1000)
    outbox = world.ledger.outbox
    jobs = world.ledger.write(lambda c: outbox.claim(c, Scope(NAME, now), HOLDER, jobs=9, size=500))
    outbox.finish([Taken(job, answer) for job in jobs], [], now)


def test_the_callback_is_told_with_its_answer(world: World) -> None:
    """Waiting with what Quick Audience said last; taken with what it answered then."""
    world.send([PHONE, OTHER])
    world.hand_over()
    assert seen(world).callbacks == []
    report(world, MessageStatus.DELIVERED)
    world.pusher.cycle(0)
    while world.pusher.busy:
        world.pusher.cycle(0.05)
    [waiting] = seen(world).callbacks
    assert (waiting.state, waiting.attempts, waiting.answer) == ("waiting", 1, "CONNECTION_REFUSED")
    world.now += HOUR
    taken(world, "code OK")
    [told] = seen(world).callbacks
    assert (told.state, told.attempts, told.answer) == ("taken", 2, "code OK")
    assert told.at - told.created == pytest.approx(HOUR * 1000, abs=100)
    assert seen(world, OTHER).callbacks == []


def test_a_person_who_is_forgotten_is_not_in_callbacks(world: World) -> None:
    """Nor in the words of late reports; the other person's stay."""
    world.send([PHONE, OTHER])
    world.hand_over()
    for message in world.vendor.batches[0].messages:
        receipt = DeliveryReceipt(MessageStatus.DELIVERED, message.ref)
        world.services.receiving.store_reports([receipt], [], "webhook")
    report(world, MessageStatus.EXPIRED)
    taken(world, "code OK")
    done = Operating(world.settings, world.ledger, lambda: world.now).forget(from_vendor(PHONE), "Asked.")
    assert done.rows["told"] == 1
    named = {("task-1", PHONE): 0, ("task-1", OTHER): 0}
    about = world.ledger.callbacks.about(NAME, tables.RECEIPT, named)
    assert [len(about[one]) for one in named] == [0, 1]
    with world.ledger.database.read() as connection:
        assert connection.execute(select(tables.report.c.reason)).scalars().all() == [""]


def test_all_of_it_goes_with_the_send(world: World) -> None:
    """Retention leaves nothing behind."""
    world.send([PHONE])
    world.hand_over()
    report(world, MessageStatus.DELIVERED)
    report(world, MessageStatus.EXPIRED)
    taken(world, "code OK")
    world.ledger.retention.purge(int((world.now + HOUR) * 1000), channels=[NAME])
    with world.ledger.database.read() as connection:
        for table in (tables.attempt, tables.report, tables.callback):
            assert connection.execute(select(table)).all() == []


def test_attempts_follow_a_message_to_another_account(worlds: Worlds) -> None:
    """With each account by its name."""
    accounts = {"main": {"vendor": "obedient", "settings": {}}, "spare": {"vendor": "obedient"}}
    world = worlds(accounts=accounts)
    code = world.template()
    world.services.templates.refresh_pending()
    world.now += 120
    world.services.templates.refresh_pending()

    def down(batch: Batch) -> Sequence[SubmitResult]:
        return [not_sent(NotAccepted("Down.", code="DOWN")) for _ in batch.messages]

    world.vendors["main"].answer = down
    world.send([PHONE], code=code)
    for _ in range(8):
        world.hand_over()
        world.now += 20
    told = [(one.account, one.outcome) for one in seen(world).attempts]
    assert told[-1] == ("spare", "accepted")
    assert set(told[:-1]) == {("main", "not_sent")}
