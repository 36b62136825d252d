"""A report on a call from before its message was sent again is not lost, and ends nothing twice."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest

from bridge.ledger import (
    Callee,
    Chosen,
    Conclusion,
    Holder,
    MessageRow,
    Scope,
    Source,
)
from bridge.plugin import (
    DeliveryReceipt,
    MessageStatus,
    SubmitResult,
    VendorThrottled,
    VendorUnreachable,
    accepted,
    from_vendor,
    not_sent,
    rejected,
)

from ..conftest import Worlds
from ..desk.test_timeline import seen
from ..desk.test_unknowns import ALL, LOST, PHONES, desk, lost, references
from ..two_accounts import raising, soon, two
from ..world import NAME, World

DELIVERED, FAILED = MessageStatus.DELIVERED, MessageStatus.UNDELIVERABLE
TAKEN, NOBODY_KNOWS = MessageStatus.ACCEPTED, MessageStatus.UNKNOWN
BUSY = not_sent(VendorThrottled("Slow down.", retry_after=1))
[PHONE] = PHONES[:1]


def told(world: World, *refs: str, status: MessageStatus = DELIVERED, **fields: object) -> int:
    """Let the account report. Returns how many reports wait for their message."""
    reports = [DeliveryReceipt(status, message_ref=ref, **fields) for ref in refs]  # type: ignore[arg-type]
    scope = Scope(NAME, int(world.now * 1000), True, world.services.at["obedient"].receiving._source)
    return world.ledger.write(lambda c: world.ledger.receipts.apply_in(c, scope, reports)).parked


def again(world: World, phones: list[str]) -> list[str]:
    """Lose the answers to messages and send them once more. Returns the references of the lost call."""
    lost(world, phones)
    refs = references(world)
    world.now += 60
    assert desk(world).resend(ALL, "Lost.").messages == len(phones)
    return refs


def answered(result: SubmitResult) -> Callable[[World], None]:
    """Let the message be called again with this answer."""

    def call(world: World) -> None:
        world.vendor.answer = lambda batch: [result] * len(batch.messages)
        world.hand_over()
        world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
        world.now += 5

    return call


def reported(status: MessageStatus) -> Callable[[World], None]:
    """Let the message be called again, and its own report come first."""

    def call(world: World) -> None:
        answered(accepted())(world)
        assert told(world, references(world)[-1], status=status) == 0

    return call


class Row(NamedTuple):
    """What became of the second call, what is reported on the first one, and what is true then.

    `end`: the one that Quick Audience is told, "" for none; `calls`: all that are made; `reports`: as a
    person sees them: status, whether it counts, and whether it is about an earlier call.
    """

    later: Callable[[World], None] | None
    report: MessageStatus
    end: str
    calls: int
    reports: list[tuple[str, bool, bool]]


WAITS, ASKS = answered(BUSY), answered(LOST)
ROWS: dict[str, Row] = {
    "waits, delivered": Row(None, DELIVERED, "DELIVERED", 1, [("delivered", True, False)]),
    "waits, failed": Row(None, FAILED, "UNDELIVERABLE", 1, [("undeliverable", True, False)]),
    "waits, taken": Row(None, TAKEN, "", 1, []),
    "waits, nobody knows": Row(None, NOBODY_KNOWS, "", 2, [("unknown", False, True)]),
    "put back, delivered": Row(WAITS, DELIVERED, "DELIVERED", 2, [("delivered", True, False)]),
    "taken, delivered": Row(answered(accepted()), DELIVERED, "DELIVERED", 2, [("delivered", True, True)]),
    "taken, failed": Row(answered(accepted()), FAILED, "", 2, [("undeliverable", False, True)]),
    "taken, taken": Row(answered(accepted()), TAKEN, "", 2, []),
    "lost, delivered": Row(ASKS, DELIVERED, "DELIVERED", 2, [("delivered", True, True)]),
    "lost, failed": Row(ASKS, FAILED, "", 2, [("undeliverable", False, True)]),
    "refused, delivered": Row(
        answered(rejected("BAD", "Bad.")), DELIVERED, "BAD", 2, [("delivered", False, True)]
    ),
    "failed, delivered": Row(
        reported(FAILED),
        DELIVERED,
        "UNDELIVERABLE",
        2,
        [("undeliverable", True, False), ("delivered", False, True)],
    ),
    "delivered, failed": Row(
        reported(DELIVERED),
        FAILED,
        "DELIVERED",
        2,
        [("delivered", True, False), ("undeliverable", False, True)],
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_an_earlier_call_s_report_means(world: World, row: Row) -> None:
    """What waits is not called again; what was called keeps its end; delivered once is delivered."""
    [ref] = again(world, [PHONE])
    if row.later is not None:
        row.later(world)
    assert told(world, ref, status=row.report, vendor_id="first") == 0
    world.hand_over()
    assert world.ended() == ({PHONE: row.end} if row.end else {})
    assert len(world.sent()) == row.calls
    found = seen(world, PHONE)
    assert [(one.status, one.counts, one.earlier) for one in found.reports] == row.reports
    assert (found.vendor_id == "first") is (row.later in (None, WAITS) and row.report != NOBODY_KNOWS)
    assert world.ledger.outbox.waiting(NAME)[0] == len(world.ended())
    assert world.ledger.tallies.differences() == []
    assert told(world, ref, status=row.report) == 0
    assert world.ended() == ({PHONE: row.end} if row.end else {})
    # Nothing of what has ended is in question.
    assert (world.ledger.gauges().get((NAME, "unknown"), 0) == 0) is (bool(row.end) or row.later != ASKS)


@pytest.mark.parametrize("first", [0, 1])
def test_reports_on_both_calls_come_in_one_page(world: World, first: int) -> None:
    """Delivered once is delivered, whatever the other call came to and whichever report stands first."""
    [ref] = again(world, [PHONE])
    answered(accepted())(world)
    page = [
        DeliveryReceipt(DELIVERED, message_ref=ref),
        DeliveryReceipt(FAILED, message_ref=references(world)[-1]),
    ]
    world.ledger.receipts.apply(NAME, page[::-1] if first else page, pushes=True, now=int(world.now * 1000))
    assert world.ended() == {PHONE: "DELIVERED"}
    found = [(one.status, one.counts, one.earlier) for one in seen(world, PHONE).reports]
    assert sorted(found) == [("delivered", True, True), ("undeliverable", False, False)]
    assert world.ledger.tallies.differences() == []


def whole_batch(world: World, ref: str) -> DeliveryReceipt:
    return DeliveryReceipt(DELIVERED, batch_ref=ref.partition("-")[0], phone=from_vendor(f"86{PHONES[1]}"))


NAMES: dict[str, tuple[Callable[[World, str], DeliveryReceipt], str, bool]] = {
    "by the message": (lambda world, ref: DeliveryReceipt(DELIVERED, message_ref=ref), "obedient", True),
    "by the batch and the number": (whole_batch, "obedient", True),
    "by another account": (lambda world, ref: DeliveryReceipt(DELIVERED, message_ref=ref), "other", False),
    "by nobody's number": (
        lambda world, ref: whole_batch(world, ref)._replace(phone=from_vendor("8613000000000")),
        "obedient",
        False,
    ),
}


@pytest.mark.parametrize(("make", "account", "found"), NAMES.values(), ids=NAMES)
def test_how_a_report_names_an_earlier_call(
    world: World, make: Callable[[World, str], DeliveryReceipt], account: str, found: bool
) -> None:
    """As any report does, and by the account that was called only."""
    refs = again(world, PHONES)
    own = world.services.at["obedient"].receiving._source
    other = Source("other", "other", frozenset({own.account}), frozenset({own.identity}))
    scope = Scope(NAME, int(world.now * 1000), True, own if account == own.account else other)
    reports = [make(world, refs[1])]
    intake = world.ledger.write(lambda c: world.ledger.receipts.apply_in(c, scope, reports))
    assert (len(intake.ends), intake.parked) == (int(found), int(not found))
    world.hand_over()
    assert Counter(world.sent())[PHONES[1]] == 2 - found
    assert Counter(world.sent())[PHONES[2]] == 2


@pytest.mark.parametrize("called_again", [False, True])
def test_a_worker_that_was_given_up_answers_after_all(world: World, called_again: bool) -> None:
    """Its answer is on the earlier call too, and names it to later reports."""
    world.send([PHONE])
    world.warm()
    [claimed] = world.claimed()
    world.now += 61
    assert world.duties.take_over()
    desk(world).resend(ALL, "Lost.")
    if called_again:
        world.hand_over()
    row = MessageRow(claimed.id, 0, PHONE, 0, int(TAKEN), "their id", "", "", 1, claimed.called or 0, None)
    late = Conclusion(claimed, "task-1", "Acme", True, rows=[row])
    [recorded] = world.ledger.write(lambda c: world.ledger.batches.record(c, [late], int(world.now * 1000)))
    assert recorded.stale
    world.hand_over()
    assert len(world.sent()) == int(called_again)
    scope = Scope(NAME, int(world.now * 1000), True, world.services.at["obedient"].receiving._source)
    other = Scope(NAME, scope.now, True, Source("other", "other", frozenset({"obedient"})))
    by_id = [DeliveryReceipt(DELIVERED, vendor_id="their id", phone=from_vendor(f"86{PHONE}"))]
    take = world.ledger.receipts.apply_in
    nameless = [by_id[0]._replace(phone=None)]
    assert world.ledger.write(lambda c: take(c, other, nameless)).parked == 1
    assert world.ledger.write(lambda c: take(c, scope, by_id)).parked == 0
    assert world.ended() == {PHONE: "DELIVERED"}


def cut(world: World) -> int:
    """Let a worker take one of the messages and die; the others wait in a batch of their own."""
    callee = Callee("obedient", world.services.channel.hooks.identity)
    scope, dead = Scope(NAME, int(world.now * 1000)), Holder("dead", 60_000)
    claim = world.ledger.batches.claim
    return len(world.ledger.write(lambda c: claim(c, scope, dead, callee, limit=1, most=1)))


def put_back_in_part(world: World) -> None:
    """The first is taken, the others are put back one after the other."""
    world.vendor.answer = lambda batch: [accepted(), BUSY, not_sent(VendorUnreachable("Away."))][
        : len(batch.messages)
    ]
    world.hand_over()


def sent_again_twice(world: World) -> None:
    """The second call is lost too, and the channel's policy sends once more."""
    answered(LOST)(world)
    world.now += 73 * 3600
    world.vendor.look_up = lambda batch: [LOST] * len(batch.messages)
    world.settle()


def under_another_key(world: World) -> None:
    """All are put back, and the account that takes the first of them then is another."""
    answered(BUSY)(world)
    world.hooks.identity = "another"
    cut(world)


MOVES: list[Callable[[World], object]] = [cut, put_back_in_part, sent_again_twice, under_another_key]


@pytest.mark.parametrize("move", MOVES)
def test_messages_are_found_wherever_they_went(worlds: Worlds, move: Callable[[World], object]) -> None:
    """In whatever batch a message waits or is called, its first call's report reaches it, and no other."""
    world = worlds(unknown_policy="resend")
    refs = again(world, PHONES)
    move(world)
    before = len(world.sent())
    for ref, status in zip(refs, [DELIVERED, DELIVERED, FAILED], strict=True):
        told(world, ref, status=status)
    world.now += 61
    world.settle()
    world.ledger.receipts.retry_parked(NAME, pushes=True, now=int(world.now * 1000))
    world.hand_over()
    ends = [DELIVERED.name, DELIVERED.name, FAILED.name]
    # While the second of two calls is in doubt, a failure of the first ends nothing.
    ends = ends[: 2 if move is sent_again_twice else 3]
    assert len(world.sent()) == before + 3 - len(ends)
    assert world.ended() == dict(zip(PHONES, ends, strict=False))
    assert world.ledger.outbox.waiting(NAME)[0] == len(ends)
    if move is sent_again_twice:
        assert told(world, *references(world)) == 0, "a reference that the vendor knows leads nowhere"


class Two(NamedTuple):
    """Pages of reports on two calls of unknown outcome, each by the call's index; `calls`: all in the end."""

    pages: list[list[tuple[int, MessageStatus]]]
    end: str
    calls: int = 2


BOTH: dict[str, Two] = {
    "the first failed": Two([[(0, FAILED)]], "", 3),
    "the second failed": Two([[(1, FAILED)]], "", 3),
    "the first failed, then delivered": Two([[(0, FAILED)], [(1, DELIVERED)]], "DELIVERED"),
    "the second failed, then delivered": Two([[(1, FAILED)], [(0, DELIVERED)]], "DELIVERED"),
    "delivered and failed at once": Two([[(1, FAILED), (0, DELIVERED)]], "DELIVERED"),
    "taken and failed at once": Two([[(0, TAKEN), (1, FAILED)]], ""),
    "nobody knows, then failed": Two([[(0, NOBODY_KNOWS)], [(1, FAILED)]], "", 3),
    "both failed": Two([[(0, FAILED)], [(1, FAILED)]], "UNDELIVERABLE"),
    "both failed at once": Two([[(0, FAILED), (1, FAILED)]], "UNDELIVERABLE"),
}


@pytest.mark.parametrize("two_calls", BOTH.values(), ids=BOTH)
def test_a_failure_ends_nothing_while_another_call_is_in_doubt(worlds: Worlds, two_calls: Two) -> None:
    """It is shown, and the message waits for what may be learned of the other, or is called once more."""
    world = worlds(unknown_policy="resend")
    again(world, [PHONE])
    sent_again_twice(world)
    refs = references(world)
    for page in two_calls.pages:
        reports = [DeliveryReceipt(status, message_ref=refs[call]) for call, status in page]
        world.ledger.receipts.apply(NAME, reports, pushes=True, now=int(world.now * 1000))
        world.now += 1
        world.ledger.receipts.retry_parked(NAME, pushes=True, now=int(world.now * 1000))
    world.hand_over()
    assert (world.ended(), len(world.sent())) == (
        {PHONE: two_calls.end} if two_calls.end else {},
        two_calls.calls,
    )
    failures = sum(status == FAILED for page in two_calls.pages for _, status in page)
    found = [one.status for one in seen(world, PHONE).reports]
    assert found.count("undeliverable") == failures
    assert world.ledger.tallies.differences() == []


def test_references_of_a_call_never_name_others(world: World) -> None:
    """The vendor put a call back and reports on it all the same, when one of its messages has left it."""
    refs = again(world, PHONES)
    answered(BUSY)(world)
    assert told(world, refs[0]) == 0
    assert told(world, references(world)[3], status=FAILED) == 1
    world.hand_over()
    world.now += 60
    world.ledger.receipts.retry_parked(NAME, pushes=True, now=int(world.now * 1000))
    assert world.ended() == {PHONE: "DELIVERED"}


def test_what_contradicts_a_call_that_was_believed_is_late(world: World) -> None:
    """A message that was taken back has one call, and its reports are about that."""
    [ref] = again(world, [PHONE])
    told(world, ref)
    told(world, ref, status=FAILED)
    found = [(one.status, one.counts, one.earlier) for one in seen(world, PHONE).reports]
    assert found == [("delivered", True, False), ("undeliverable", False, False)]


def test_a_message_is_found_at_another_account(worlds: Worlds) -> None:
    """Where its batch has another reference, and waits again: the first account's report takes it back."""
    world = two(worlds)
    main, spare = world.vendors["main"], world.vendors["spare"]
    main.answer = lambda batch: [LOST] * len(batch.messages)
    world.send([PHONE])
    soon(world, 1)
    assert desk(world).resend(Chosen(NAME), "Lost.").messages == 1
    main.answer = raising(VendorUnreachable("Away."))
    spare.answer = raising(VendorThrottled("Busy.", retry_after=3))
    soon(world, 3)
    assert len(spare.batches) == 1
    scope = Scope(NAME, int(world.now * 1000), True, world.services.at["main"].receiving._source)
    first = [DeliveryReceipt(DELIVERED, message_ref=main.batches[0].messages[0].ref)]
    assert world.ledger.write(lambda c: len(world.ledger.receipts.apply_in(c, scope, first).ends)) == 1
    soon(world, 10)
    assert (len(spare.batches), world.ended()) == (1, {PHONE: "DELIVERED"})
