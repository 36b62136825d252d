"""A long message is delivered when all its segments are, whatever the vendor names them by."""

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from bridge.ledger import Claimed, Conclusion, Ledger, Segment
from bridge.ledger.refs import message_ref
from bridge.plugin import DeliveryReceipt, MessageStatus

from .making import CHANNEL, DAY, NOW, accept, claim, phones, pushed, recorded, row, send, statuses

S = MessageStatus
PHONE = phones(1)[0]


def by_number(number: int, total: int = 3, status: S = S.DELIVERED) -> DeliveryReceipt:
    return DeliveryReceipt(status, vendor_id="v0", segment=number, segments=total)


def by_id(vendor_id: str, status: S = S.DELIVERED) -> DeliveryReceipt:
    return DeliveryReceipt(status, vendor_id=vendor_id)


def long_message(ledger: Ledger, ids: Sequence[str] = ("a", "b", "c")) -> Claimed:
    """Return a message that the vendor gave an id for each segment."""
    accept(ledger, send([PHONE]))
    (batch,) = claim(ledger)
    conclusion = Conclusion(
        batch,
        "task-1",
        "Acme",
        pushes=True,
        rows=[row(batch, 0, vendor_id=ids[0])],
        segments=Segment.named(batch.id, 0, ids),
        deadline=NOW + DAY,
    )
    ledger.write(lambda connection: ledger.batches.record(connection, [conclusion], NOW))
    return batch


# the reports in their order, each stored by itself; the final status, "" while the message is open
NUMBERED: list[tuple[list[DeliveryReceipt], str]] = [
    ([by_number(1), by_number(2)], ""),
    ([by_number(3)], ""),
    ([by_number(3), by_number(1), by_number(2)], "DELIVERED"),
    ([by_number(1), by_number(1), by_number(1)], ""),
    ([by_number(1), by_number(2, status=S.UNDELIVERABLE)], "UNDELIVERABLE"),
    ([by_number(2, status=S.EXPIRED), by_number(1), by_number(3)], "EXPIRED"),
    ([by_number(1, 1)], "DELIVERED"),
    ([by_number(0, 3)], "DELIVERED"),
    ([by_number(4, 3)], "DELIVERED"),
    ([by_number(1, 999)], "DELIVERED"),
    ([by_number(1), by_number(2), by_number(3, status=S.ACCEPTED)], ""),
]
NAMED: list[tuple[list[DeliveryReceipt], str]] = [
    ([by_id("a")], ""),
    ([by_id("b"), by_id("c")], ""),
    ([by_id("c"), by_id("a"), by_id("b")], "DELIVERED"),
    ([by_id("a"), by_id("a"), by_id("a")], ""),
    ([by_id("b", S.UNDELIVERABLE)], "UNDELIVERABLE"),
    ([by_id("a"), by_id("b"), by_id("c", S.REJECTED)], "REJECTED"),
]


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one intake"])
@pytest.mark.parametrize(("reports", "final"), NUMBERED)
def test_numbered_segments(
    ledger: Ledger, reports: list[DeliveryReceipt], final: str, together: bool
) -> None:
    """Each number counts once; a report whose numbers make no sense is one on the whole message."""
    recorded(ledger, [PHONE])
    _take(ledger, reports, together)
    assert statuses(ledger) == ({PHONE: final} if final else {})
    assert sum(len(call) for call in pushed(ledger)) == bool(final)


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one intake"])
@pytest.mark.parametrize(("reports", "final"), NAMED)
def test_segments_with_ids_of_their_own(
    ledger: Ledger, reports: list[DeliveryReceipt], final: str, together: bool
) -> None:
    """Every id finds the message, and it ends with the last of them."""
    long_message(ledger)
    _take(ledger, reports, together)
    assert statuses(ledger) == ({PHONE: final} if final else {})
    assert sum(len(call) for call in pushed(ledger)) == bool(final)


def _take(ledger: Ledger, reports: Sequence[DeliveryReceipt], together: bool) -> None:
    for intake in [reports] if together else [[one] for one in reports]:
        assert ledger.receipts.apply(CHANNEL, intake, pushes=True, now=NOW).parked == 0


def test_a_report_by_our_reference_names_its_segment_by_id(ledger: Ledger) -> None:
    """The reference finds the message, the id the segment."""
    batch = long_message(ledger, ["a", "b"])
    ref = message_ref(batch.id, 0)
    for vendor_id, final in (("b", {}), ("a", {PHONE: "DELIVERED"})):
        receipt = DeliveryReceipt(S.DELIVERED, message_ref=ref, vendor_id=vendor_id)
        ledger.receipts.apply(CHANNEL, [receipt], pushes=True, now=NOW)
        assert statuses(ledger) == final


def test_segments_reported_before_the_answer(ledger: Ledger) -> None:
    """They wait for their message, all of them."""
    early = [by_id("c"), by_id("b"), by_id("a")]
    assert ledger.receipts.apply(CHANNEL, early, pushes=True, now=NOW).parked == 3
    long_message(ledger)
    assert statuses(ledger) == {PHONE: "DELIVERED"}


def test_another_channel_has_no_part_in_it(ledger: Ledger) -> None:
    """A segment's id under the wrong channel finds nothing."""
    long_message(ledger)
    assert ledger.receipts.apply("other", [by_id("b")], pushes=True, now=NOW).parked == 1


def test_reports_stored_at_the_same_time_do_not_miss_each_other(ledger: Ledger) -> None:
    """Two webhooks, two transactions: the later one sees the earlier one's segment."""
    recorded(ledger, phones(20))
    start = threading.Barrier(2)

    def take(number: int) -> None:
        for at in range(20):
            start.wait()
            report = DeliveryReceipt(S.DELIVERED, vendor_id=f"v{at}", segment=number, segments=2)
            ledger.receipts.apply(CHANNEL, [report], pushes=True, now=NOW)

    threads = [threading.Thread(target=take, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses(ledger) == dict.fromkeys(phones(20), "DELIVERED")


def test_segments_go_with_their_message(ledger: Ledger) -> None:
    """Retention leaves none behind."""
    long_message(ledger)
    ledger.retention.purge(NOW + DAY, channels=[])  # of a channel that is gone: nothing is owed
    with ledger.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM segment")).scalar() == 0
