"""Receipts find their message, statuses only climb, and what comes too early waits."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product

import pytest
import structlog
from sqlalchemy import text

from bridge.ledger import Claimed, Ended, Ledger
from bridge.ledger.refs import message_ref, to_ref
from bridge.plugin import DeliveryReceipt, MessageStatus, Phone, from_vendor

from .making import (
    CHANNEL,
    DAY,
    NOW,
    accept,
    claim,
    conclude,
    phones,
    pushed,
    recorded,
    row,
    rows,
    send,
    statuses,
)

S = MessageStatus
Make = Callable[[Claimed], DeliveryReceipt]


def delivered(**fields: object) -> DeliveryReceipt:
    return DeliveryReceipt(S.DELIVERED, **fields)  # type: ignore[arg-type]


MATCHED: dict[str, tuple[Make, bool]] = {
    "our message reference": (lambda c: delivered(message_ref=message_ref(c.id, 1)), True),
    "our batch's reference and number": (
        lambda c: delivered(batch_ref=to_ref(c.id), phone=from_vendor("8613800000001")),
        True,
    ),
    "number with plus": (
        lambda c: delivered(batch_ref=to_ref(c.id), phone=from_vendor("+8613800000001")),
        True,
    ),
    "number in 11 digits": (
        lambda c: delivered(batch_ref=to_ref(c.id), phone=from_vendor("13800000001")),
        True,
    ),
    "the vendor's id": (lambda c: delivered(vendor_id="v1"), True),
    "the vendor's id and number": (
        lambda c: delivered(vendor_id="v1", phone=from_vendor("13800000001")),
        True,
    ),
    "the vendor's id, another number": (
        lambda c: delivered(vendor_id="v1", phone=from_vendor("13800000002")),
        False,
    ),
    "a place that is not there": (lambda c: delivered(message_ref=message_ref(c.id, 99)), False),
    "a batch that is not there": (lambda c: delivered(message_ref=message_ref(c.id + 1, 1)), False),
    "a number that is not in the batch": (
        lambda c: delivered(batch_ref=to_ref(c.id), phone=from_vendor("13900000001")),
        False,
    ),
    "a batch's reference alone": (lambda c: delivered(batch_ref=to_ref(c.id)), False),
    "not our reference": (lambda c: delivered(message_ref="SM0123-x"), False),
    "nothing at all": (lambda c: delivered(), False),
}


@pytest.mark.parametrize(("make", "found"), MATCHED.values(), ids=MATCHED)
def test_a_receipt_finds_its_message(ledger: Ledger, make: Make, found: bool) -> None:
    """By the strongest thing it names, and never another message."""
    batch = recorded(ledger, phones(3))
    intake = ledger.receipts.apply(CHANNEL, [make(batch)], pushes=True, now=NOW)
    assert (len(intake.ends), intake.parked) == ((1, 0) if found else (0, 1))
    assert statuses(ledger) == ({phones(3)[1]: "DELIVERED"} if found else {})


def test_a_receipt_never_reaches_another_channel(ledger: Ledger) -> None:
    """The right reference under the wrong channel finds nothing."""
    batch = recorded(ledger, phones(1))
    for receipt in (delivered(message_ref=message_ref(batch.id, 0)), delivered(vendor_id="v0")):
        assert ledger.receipts.apply("other", [receipt], pushes=True, now=NOW).parked == 1
    assert statuses(ledger) == {}


def test_an_id_shared_by_a_call_needs_the_number(ledger: Ledger) -> None:
    """A vendor's id of a whole call says nothing without the number."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)
    conclude(ledger, batch, [row(batch, seq, vendor_id="call-1") for seq in range(2)])
    assert ledger.receipts.apply(CHANNEL, [delivered(vendor_id="call-1")], pushes=True, now=NOW).parked == 1
    both = [delivered(vendor_id="call-1", phone=from_vendor(phone)) for phone in phones(2)]
    assert len(ledger.receipts.apply(CHANNEL, both, pushes=True, now=NOW).ends) == 2


REPORTED = (S.QUEUED, S.CALLING, S.ACCEPTED, S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED, S.REJECTED)


@pytest.mark.parametrize(("first", "second"), list(product(REPORTED[1:], REPORTED)))
def test_statuses_only_climb(ledger: Ledger, first: MessageStatus, second: MessageStatus) -> None:
    """An open status gives way to a higher one; a final status stays, and is pushed once."""
    accept(ledger, send(phones(1)))
    (batch,) = claim(ledger)
    conclude(ledger, batch, rows(batch, first), check_at=NOW if first is S.CALLING else None)
    ledger.receipts.apply(
        CHANNEL, [DeliveryReceipt(second, message_ref=message_ref(batch.id, 0))], pushes=True, now=NOW
    )
    expected = first if first.final or first >= second else second
    with ledger.database.read() as connection:
        assert connection.execute(text("SELECT status FROM message")).scalars().all() == [expected]
    assert statuses(ledger) == ({phones(1)[0]: expected.name} if expected.final else {})
    assert sum(len(call) for call in pushed(ledger)) == int(expected.final)


LATE: dict[str, tuple[S | None, tuple[S, ...], int]] = {
    "the same again": (S.DELIVERED, (S.DELIVERED,), 0),
    "progress after the end": (S.DELIVERED, (S.ACCEPTED,), 0),
    "failed after delivered": (S.DELIVERED, (S.UNDELIVERABLE,), 1),
    "delivered after it was closed as unknown": (S.UNKNOWN, (S.DELIVERED,), 1),
    "both ends in one page": (None, (S.DELIVERED, S.DELIVERED, S.UNDELIVERABLE), 1),
    "the first end": (None, (S.UNDELIVERABLE,), 0),
}


@pytest.mark.parametrize(("before", "reported", "late"), LATE.values(), ids=LATE)
def test_late_contradictions_are_logged_not_applied(
    ledger: Ledger, before: S | None, reported: tuple[S, ...], late: int
) -> None:
    """Quick Audience was told one end and is not told another; the operator can read of it."""
    batch = recorded(ledger, phones(2))
    ref = message_ref(batch.id, 1)
    if before is not None:
        ledger.receipts.apply(CHANNEL, [DeliveryReceipt(before, message_ref=ref)], pushes=True, now=NOW)
    with structlog.testing.capture_logs() as logged:
        ledger.receipts.apply(
            CHANNEL, [DeliveryReceipt(one, message_ref=ref) for one in reported], pushes=True, now=NOW
        )
    stays = before or reported[0]
    assert statuses(ledger) == {phones(2)[1]: stays.name}
    told = [event for event in logged if event["event"] == "late reports contradict what was told"]
    assert sum(event["reports"] for event in told) == late
    if late:
        sentence = f"{ref} stays {stays.name.lower()}, reported {reported[-1].name.lower()}"
        assert told[0]["messages"] == [sentence]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["progress first", "progress last"])
def test_order_within_one_intake_does_not_matter(ledger: Ledger, order: tuple[int, ...]) -> None:
    """Progress and end in one call, either way round, twice each: one end."""
    batch = recorded(ledger, phones(1))
    reports = [
        DeliveryReceipt(status, message_ref=message_ref(batch.id, 0)) for status in (S.ACCEPTED, S.DELIVERED)
    ]
    shuffled = [reports[place] for place in order] * 2
    assert len(ledger.receipts.apply(CHANNEL, shuffled, pushes=True, now=NOW).ends) == 1
    assert len(pushed(ledger)) == 1


def test_a_receipt_before_its_message_waits_for_it(ledger: Ledger) -> None:
    """Receipts that overtake the answer are applied when the answer is recorded."""
    accept(ledger, send(phones(3)))
    (batch,) = claim(ledger)
    early = [
        delivered(message_ref=message_ref(batch.id, 0)),
        delivered(batch_ref=to_ref(batch.id), phone=from_vendor("13800000001")),
        delivered(vendor_id="v2"),
    ]
    assert ledger.receipts.apply(CHANNEL, early, pushes=True, now=NOW).parked == 3
    conclude(ledger, batch)
    assert statuses(ledger) == dict.fromkeys(phones(3), "DELIVERED")
    assert sum(len(call) for call in pushed(ledger)) == 3


def test_parked_receipts_are_tried_again_and_dropped_in_the_end(ledger: Ledger) -> None:
    """A race that left a receipt parked heals by itself; a receipt of nobody's goes after three days."""
    ledger.receipts.apply(
        CHANNEL, [delivered(vendor_id="v0"), delivered(vendor_id="nobody")], pushes=True, now=NOW
    )
    accept(ledger, send(phones(1)))
    (batch,) = claim(ledger)
    ledger.write(lambda c: _insert_without_unparking(ledger, c, batch))
    assert ledger.receipts.retry_parked(CHANNEL, pushes=True, now=NOW + 1).ends == []
    assert len(ledger.receipts.retry_parked(CHANNEL, pushes=True, now=NOW + 200).ends) == 1
    assert ledger.receipts.retry_parked(CHANNEL, pushes=True, now=NOW + 4 * DAY).dropped == 1
    assert ledger.receipts.retry_parked(CHANNEL, pushes=True, now=NOW + 9 * DAY).dropped == 0


def _insert_without_unparking(ledger: Ledger, connection: object, batch: Claimed) -> None:
    from bridge.ledger.database.bulk import insert_messages

    insert_messages(connection, rows(batch))  # type: ignore[arg-type]


def test_an_opt_out_reported_by_the_vendor_suppresses_the_number(ledger: Ledger) -> None:
    """Under the signature it was sent with, in the number's canonical form."""
    batch = recorded(ledger, phones(1))
    receipt = DeliveryReceipt(S.REJECTED, message_ref=message_ref(batch.id, 0), code="21610", opted_out=True)
    ledger.receipts.apply(CHANNEL, [receipt], pushes=True, now=NOW)
    assert ledger.suppressions.among(CHANNEL, "Acme", ["8613800000000"]) == {"8613800000000"}
    assert ledger.suppressions.among(CHANNEL, "Other", ["8613800000000"]) == set()


def test_strange_texts_are_stored_without_harm(ledger: Ledger) -> None:
    """A vendor's report may hold NUL, lone surrogates, tabs and endless texts."""
    batch = recorded(ledger, phones(1))
    receipt = DeliveryReceipt(
        S.REJECTED, message_ref=message_ref(batch.id, 0), code="\0\ud800" * 300, reason="a\tb\\N\r\n" * 500
    )
    assert len(ledger.receipts.apply(CHANNEL, [receipt], pushes=True, now=NOW).ends) == 1


STRANGE: dict[str, dict[str, object]] = {
    "characters no database holds": {"vendor_id": "a\0\ud800", "code": "\0", "reason": "\ud800"},
    "texts without end": {"vendor_id": "v" * 5000, "code": "c" * 5000, "reason": "r" * 50_000},
    "a reference that is none": {"message_ref": "\ud800\0", "batch_ref": "x" * 5000},
    "a moment at the end of time": {"at": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)},
    "a moment before all time": {"at": datetime(1, 1, 1, tzinfo=UTC)},
    "a number in the vendor's own form": {"phone": Phone("tel:\ud800138", "+8613800000001")},
}


@pytest.mark.parametrize("fields", STRANGE.values(), ids=STRANGE)
def test_a_strange_report_does_not_cost_the_others(ledger: Ledger, fields: dict[str, object]) -> None:
    """Before its message and after: it waits and is tried again, and the others of its page are applied."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)
    sound, strange = (message_ref(batch.id, seq) for seq in range(2))
    page = [delivered(message_ref=sound), delivered(**{"message_ref": strange, **fields})]
    assert ledger.receipts.apply(CHANNEL, page, pushes=True, now=NOW).parked == 2
    assert conclude(ledger, batch)
    ledger.receipts.retry_parked(CHANNEL, pushes=True, now=NOW + DAY)
    ledger.receipts.apply(CHANNEL, page, pushes=True, now=NOW)
    assert statuses(ledger)[phones(2)[0]] == "DELIVERED"
    for entries in pushed(ledger, NOW + DAY):
        for one in entries:
            assert isinstance(one, Ended)
            assert abs(one.ended_at - NOW) < 2 * DAY
