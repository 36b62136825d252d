"""The tally says what the message table says, after everything that changes messages."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from bridge.ledger import Ledger, Segment, tally
from bridge.ledger.refs import message_ref
from bridge.ledger.reports import segments
from bridge.ledger.scope import Holder
from bridge.ledger.tally import BUCKETS_S, GONE
from bridge.plugin import DeliveryReceipt, MessageStatus

from .making import ACCOUNT, CHANNEL, DAY, NOW, accept, claim, conclude, phones, recorded, row, rows, send

Story = Callable[[Ledger], None]


def _receipts(ledger: Ledger, *receipts: DeliveryReceipt, now: int = NOW + 700) -> None:
    ledger.receipts.apply(CHANNEL, receipts, pushes=True, now=now)


def _delivered(ledger: Ledger) -> None:
    recorded(ledger, phones(3))
    _receipts(ledger, *(DeliveryReceipt(MessageStatus.DELIVERED, vendor_id=f"v{at}") for at in (0, 1)))


def _failed_and_twice(ledger: Ledger) -> None:
    recorded(ledger, phones(3))
    failed = DeliveryReceipt(MessageStatus.UNDELIVERABLE, vendor_id="v0", code="MK:0001")
    _receipts(ledger, failed, failed)
    _receipts(ledger, failed, DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="v0"))


def _in_question(ledger: Ledger) -> None:
    accept(ledger, send(phones(3)))
    (batch,) = claim(ledger)
    conclude(ledger, batch, rows(batch, MessageStatus.CALLING), check_at=NOW + 1)


def _early(ledger: Ledger) -> None:
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)
    _receipts(ledger, DeliveryReceipt(MessageStatus.DELIVERED, message_ref(batch.id, 1)))
    conclude(ledger, batch)


def _late_answer(ledger: Ledger) -> None:
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger, lease_ms=10)
    (lapsed,) = ledger.batches.claim_lapsed([CHANNEL], Holder("other", 1000), limit=9, now=NOW + 20)
    conclude(ledger, lapsed, rows(lapsed, MessageStatus.CALLING), check_at=NOW + 90)
    assert not conclude(ledger, batch, [row(batch, 0), row(batch, 1, MessageStatus.REJECTED)])


def _purged(ledger: Ledger) -> None:
    _delivered(ledger)
    _receipts(ledger, DeliveryReceipt(MessageStatus.EXPIRED, vendor_id="v2", code="EXPIRED"))
    assert ledger.retention.purge(NOW + DAY, channels=[]) == 1


def _overdue_and_again(ledger: Ledger) -> None:
    """One transaction fails after it counted: nothing of it stays."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)

    class Broken(Exception):
        pass

    def broken(connection: Connection) -> None:
        tally.added(connection, rows(batch))
        raise Broken

    with pytest.raises(Broken):
        ledger.write(broken)
    conclude(ledger, batch)


D, U, A = MessageStatus.DELIVERED, MessageStatus.UNDELIVERABLE, MessageStatus.ACCEPTED
STORIES: list[tuple[Story, dict[tuple[int, str], int]]] = [
    (_delivered, {(D, ""): 2, (A, ""): 1}),
    (_failed_and_twice, {(U, "MK:0001"): 1, (A, ""): 2}),
    (_in_question, {(MessageStatus.CALLING, ""): 3}),
    (_early, {(D, ""): 1, (A, ""): 1}),
    (_late_answer, {(A, ""): 1, (MessageStatus.REJECTED, ""): 1}),
    (_overdue_and_again, {(A, ""): 2}),
]


def _kept(ledger: Ledger, column: str = "count", where: str = "true") -> dict[tuple[int, str], int]:
    query = f"SELECT status, code, sum({column}) FROM tally WHERE {where} GROUP BY 1, 2"
    with ledger.database.read() as connection:
        return {(status, code): int(n) for status, code, n in connection.execute(text(query)) if n}


@pytest.mark.parametrize(("story", "kept"), STORIES, ids=[story.__name__ for story, _ in STORIES])
def test_it_follows(ledger: Ledger, story: Story, kept: dict[tuple[int, str], int]) -> None:
    """Counted and kept are the same, and are what happened."""
    story(ledger)
    assert _kept(ledger) == kept
    assert ledger.tallies.differences() == []


def test_totals_outlive_messages(ledger: Ledger) -> None:
    """What retention deleted stays in the totals until its send goes, and is not missed by a count."""
    _purged(ledger)
    # The purge of the only batch lets its send go too, and its tally with it.
    assert _kept(ledger) == {}
    assert ledger.tallies.differences() == []


def test_totals_of_a_send_that_is_half_deleted(ledger: Ledger) -> None:
    """A batch of the send is still at work."""
    accept(ledger, send(phones(2), phones(2, 10)))
    first, second = claim(ledger)
    conclude(ledger, first, rows(first, MessageStatus.REJECTED))
    conclude(ledger, second)
    assert ledger.retention.purge(NOW + DAY, channels=[CHANNEL]) == 1
    assert _kept(ledger) == {(MessageStatus.REJECTED, ""): 2, (A, ""): 2}
    assert _kept(ledger, where=f"slot = {GONE}") == {(MessageStatus.REJECTED, ""): 2}
    assert ledger.tallies.differences() == []


@pytest.mark.parametrize(
    ("late_ms", "bucket", "ms"),
    [(-5, 1, 0), (0, 1, 0), (1000, 1, 1000), (1001, 2, 1001), (10**9, len(BUCKETS_S) + 1, 10**9)],
)
def test_the_time_to_delivery(ledger: Ledger, late_ms: int, bucket: int, ms: int) -> None:
    """By bucket and in sum, a clock that is behind for none at all."""
    recorded(ledger, phones(1))
    _receipts(ledger, DeliveryReceipt(D, vendor_id="v0"), now=NOW + late_ms)
    assert _kept(ledger, "ms") == ({(D, ""): ms} if ms else {})
    assert _kept(ledger, where=f"bucket = {bucket}") == {(D, ""): 1}
    assert ledger.tallies.differences() == []


def test_the_account_and_the_segments(ledger: Ledger) -> None:
    """Segments that the vendor names later move the message; the account is the one that was called."""
    accept(ledger, send(phones(1)))
    (batch,) = claim(ledger)
    conclude(ledger, batch)
    named = Segment.named(batch.id, 0, ["a", "b", "c"])
    ledger.write(lambda connection: segments.keep(connection, named))
    with ledger.database.read() as connection:
        kept = connection.execute(text("SELECT account, segments, count FROM tally WHERE count <> 0")).all()
    assert [tuple(one) for one in kept] == [(ACCOUNT, 3, 1)]
    assert ledger.tallies.differences() == []


def test_a_difference_is_found_and_told(ledger: Ledger) -> None:
    """With the send, the status and both counts."""
    _failed_and_twice(ledger)
    ledger.write(lambda connection: connection.execute(text("UPDATE tally SET count = 7 WHERE code <> ''")))
    (found,) = ledger.tallies.differences()
    assert str(found).endswith("undeliverable MK:0001: the tally says 7, counted 1")
