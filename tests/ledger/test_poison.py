"""Rows that cannot be read: each costs itself, never the rows beside it."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from bridge.ledger import Holder, Ledger, Scope, open_ledger
from bridge.ledger.refs import message_ref, to_ref
from bridge.ledger.reports.outbox import Ended, enqueue_receipts
from bridge.plugin import DeliveryReceipt, MessageStatus
from bridge.plugin.phone import from_vendor

from .making import CHANNEL, DAY, NOW, accept, claim, conclude, phones, recorded, send, statuses

JUNK = ["", "junk", "{}", "[]", "3", '{"type": 99}', '{"status": 999, "phone": null, "at": null}']


def spoil(ledger: Ledger, table: str, column: str, junk: object) -> None:
    """Spoil the first row of a table, or give it what a later version would."""
    first = f"(SELECT min(id) FROM {table})"
    changed = text(f"UPDATE {table} SET {column} = :junk WHERE id = {first}")
    assert ledger.write(lambda c: c.execute(changed, {"junk": junk})).rowcount == 1


@pytest.mark.parametrize(
    ("column", "junk"),
    [*(("entries", junk.encode()) for junk in ("", "junk", "3", "[3]")), ("kind", 7)],
)
def test_a_push_that_cannot_be_read_holds_up_no_other(ledger: Ledger, column: str, junk: object) -> None:
    """It becomes a dead letter for the operator to see."""
    for out_id in ("t1", "t1", "t2"):
        ended = [Ended("138", 30, NOW, NOW, "", "")]
        ledger.write(
            lambda c, out_id=out_id, ended=ended: enqueue_receipts(c, Scope(CHANNEL, NOW), {out_id: ended})  # type: ignore[misc]
        )
    spoil(ledger, "push", column, junk)
    for expected in ([("t1", 1), ("t2", 1)], []):
        jobs = ledger.write(
            lambda c: ledger.outbox.claim(c, Scope(CHANNEL, NOW), Holder("a", 1), jobs=9, size=500)
        )
        assert sorted((job.out_id, len(job.entries)) for job in jobs) == expected
    assert [letter.error for letter in ledger.outbox.given_up()] == ["not readable"]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("by", ["the answer", "the duty"])
def test_a_parked_receipt_that_cannot_be_read_holds_up_no_other(ledger: Ledger, junk: str, by: str) -> None:
    """Neither the record of the answer it waited for nor the receipts that wait beside it."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)
    early = [
        DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message_ref(batch.id, seq)) for seq in range(2)
    ]
    ledger.receipts.apply(CHANNEL, early, pushes=True, now=NOW)
    spoil(ledger, "parked", "receipt", junk)
    if by == "the answer":
        assert conclude(ledger, batch)
        assert statuses(ledger) == {phones(2)[1]: "DELIVERED"}
    else:
        assert ledger.receipts.retry_parked(CHANNEL, pushes=True, now=NOW + 5000).parked == 1
    # It waits for a version that can read it, at most for three days.
    kept = text("SELECT count(*) FROM parked WHERE receipt = :junk")
    for later, count in ((5000, 1), (DAY, 1), (4 * DAY, 0)):
        ledger.receipts.retry_parked(CHANNEL, pushes=True, now=NOW + later)
        assert ledger.write(lambda c: c.execute(kept, {"junk": junk}).scalar_one()) == count


@pytest.mark.parametrize("inside", [False, True], ids=["of the receipt", "of its number"])
def test_a_field_of_a_later_version_loses_no_parked_receipt(ledger: Ledger, inside: bool) -> None:
    """Two versions may work side by side while one is replaced: what is known of a receipt is enough."""
    accept(ledger, send(phones(1)))
    (batch,) = claim(ledger)
    early = DeliveryReceipt(
        MessageStatus.DELIVERED, batch_ref=to_ref(batch.id), phone=from_vendor(phones(1)[0])
    )
    assert ledger.receipts.apply(CHANNEL, [early], pushes=True, now=NOW).parked == 1
    kept = ledger.write(lambda c: json.loads(c.execute(text("SELECT receipt FROM parked")).scalar_one()))
    (kept["phone"] if inside else kept)["network"] = "46000"
    spoil(ledger, "parked", "receipt", json.dumps(kept))
    conclude(ledger, batch)
    assert statuses(ledger) == {phones(1)[0]: "DELIVERED"}


@pytest.mark.parametrize(
    "told",
    [
        [["channel", CHANNEL, "", 1]],  # as it was written before
        [["channel", CHANNEL, "", 1, "and what a later version adds"]],
        [{"kind": "channel", "channel": CHANNEL, "account": "", "times": 1, "later": 1}],
        [{"kind": "later", "channel": CHANNEL, "account": "", "times": 1}],
    ],
)
def test_what_was_told_of_halts_is_read_by_name(ledger: Ledger, told: list[Any]) -> None:
    """What a later version knows is passed over; else plugins would hear of no halt any more."""
    ledger.halts.changes([CHANNEL])
    kept = text("UPDATE lease SET cursor = :told WHERE name = 'halts told'")
    assert ledger.write(lambda c: c.execute(kept, {"told": json.dumps(told)})).rowcount == 1
    known = isinstance(told[0], list) or told[0]["kind"] == "channel"
    assert len(ledger.halts.changes([CHANNEL]).over) == int(known)
    assert not ledger.halts.changes([CHANNEL]).over


@pytest.mark.parametrize("junk", JUNK)
def test_a_send_that_cannot_be_read_holds_up_no_other(ledger: Ledger, database_url: str, junk: str) -> None:
    """Receipts that come together are about many sends; those of the others are applied."""
    batches = [recorded(ledger, [phone], digest=phone.encode()) for phone in phones(2)]
    spoil(ledger, "send", "template", junk)
    page = [DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message_ref(one.id, 0)) for one in batches]
    fresh = open_ledger(database_url)  # which remembers nothing of the sends
    try:
        intake = fresh.receipts.apply(CHANNEL, page, pushes=True, now=NOW)
        assert (len(intake.ends), intake.parked) == (1, 1)
        assert fresh.history.awaiting(CHANNEL, span(), limit=9) == []
    finally:
        fresh.close()


def span() -> Any:
    from bridge.ledger import TimeSpan

    return TimeSpan(NOW - DAY, NOW + DAY)


def test_what_is_known_of_sends_does_not_depend_on_what_is_remembered(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory is emptied when it is full, in the middle of a look-up too."""
    from bridge.ledger import sendinfo

    monkeypatch.setattr(sendinfo, "_REMEMBERED", 0)
    accept(ledger, send(phones(1), phones(1, 1), digest=b"1"))
    accept(ledger, send(phones(1), digest=b"2"))
    ids = [batch.id for batch in claim(ledger)]
    with ledger.database.read() as connection:
        ledger.infos.of_batches(connection, ids[:1])
        assert ledger.infos.of_batches(connection, ids[1:]).keys() == set(ids[1:])
