"""Receipts of another system on the same vendor account: however many wait, ours are not delayed."""

import pytest
from sqlalchemy import insert, text

from bridge.ledger import RETRIED, Ledger
from bridge.ledger.database import tables
from bridge.ledger.refs import message_ref, new_id
from bridge.ledger.reports.parking import due_parked
from bridge.plugin import DeliveryReceipt, MessageStatus

from .making import CHANNEL, NOW, conclude, phones, recorded, row

THIRD_PARTY = 3 * RETRIED
MINUTE = 60_000


def park_third_party(ledger: Ledger, count: int, *, channel: str = CHANNEL, due: int = NOW) -> None:
    """Park what a flood of receipts without messages left behind."""
    report = ledger.receipts.apply
    report(channel, [DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="s-0")], pushes=True, now=due)
    with ledger.database.read() as connection:
        (pattern,) = connection.execute(
            tables.parked.select().where(tables.parked.c.channel == channel).limit(1)
        ).all()
    rows = [
        {**pattern._mapping, "id": new_id(due), "vendor_id": f"s-{index}", "due": due}
        for index in range(1, count)
    ]
    ledger.write(lambda connection: connection.execute(insert(tables.parked), rows))


def park_ours(ledger: Ledger, now: int) -> None:
    """Park the receipt of a message that is recorded a moment later, by another process."""
    batch = recorded(ledger, phones(1))
    ledger.write(lambda connection: connection.execute(text("UPDATE message SET vendor_id = 'late'")))
    ledger.receipts.apply(
        CHANNEL, [DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="ours")], pushes=True, now=now
    )
    ledger.write(lambda connection: connection.execute(text("UPDATE message SET vendor_id = 'ours'")))
    assert batch.count == 1


def test_ours_is_tried_before_third_party_receipts_that_wait_longer(ledger: Ledger) -> None:
    """The latest due come first."""
    park_third_party(ledger, THIRD_PARTY, due=NOW)
    park_ours(ledger, NOW + MINUTE)
    tried = ledger.receipts.retry_parked(CHANNEL, pushes=True, now=NOW + MINUTE + 5_000)
    assert (len(tried.ends), tried.total) == (1, RETRIED)


def test_a_third_party_report_that_is_tried_again_does_not_come_back_before_the_rest(ledger: Ledger) -> None:
    """One round tries each once: the flood ends."""
    park_third_party(ledger, THIRD_PARTY, due=NOW)
    now, rounds = NOW + MINUTE, 0
    while ledger.receipts.retry_parked(CHANNEL, pushes=True, now=now).total:
        rounds += 1
    assert rounds == THIRD_PARTY / RETRIED


def test_another_channel_s_third_party_receipts_are_not_read(ledger: Ledger) -> None:
    """The index leads to the channel, the last due first, and nothing is sorted."""
    park_third_party(ledger, THIRD_PARTY, channel="other")
    park_third_party(ledger, 20)
    explain = "EXPLAIN QUERY PLAN " if ledger.database.sqlite else "EXPLAIN "
    if not ledger.database.sqlite:
        ledger.write(lambda connection: connection.execute(text("ANALYZE parked")))
    with ledger.database.read() as connection:
        query = due_parked(CHANNEL, NOW, RETRIED).compile(connection, compile_kwargs={"literal_binds": True})
        plan = "\n".join(str(line) for line in connection.exec_driver_sql(f"{explain}{query}"))
    assert "ix_parked_due" in plan
    assert "Sort" not in plan and "TEMP B-TREE" not in plan


@pytest.mark.parametrize("named", ["message_ref", "vendor_id"])
def test_a_receipt_that_was_early_meets_its_message_amid_third_party_ones(ledger: Ledger, named: str) -> None:
    """At once when the message is recorded, not at the next round."""
    from .making import accept, claim, send

    park_third_party(ledger, THIRD_PARTY)
    accept(ledger, send(phones(1)))
    (batch,) = claim(ledger)
    names = {"message_ref": message_ref(batch.id, 0), "vendor_id": "v-ours"}
    early = DeliveryReceipt(MessageStatus.DELIVERED, **{named: names[named]})  # type: ignore[arg-type]
    assert ledger.receipts.apply(CHANNEL, [early], pushes=True, now=NOW).parked == 1
    conclude(ledger, batch, [row(batch, 0, vendor_id="v-ours")])
    assert ledger.receipts.apply(CHANNEL, [early], pushes=True, now=NOW).repeated == 1
