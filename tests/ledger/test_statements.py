"""What many small transactions do is made of few statements: a vendor of single webhooks causes one each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from bridge.ledger import Claimed, Ledger
from bridge.ledger.refs import message_ref
from bridge.ledger.scope import Scope, Source
from bridge.plugin import DeliveryReceipt, MessageStatus

from .making import CHANNEL, NOW, phones, recorded

OWN = Source("one", "", frozenset())


@contextmanager
def told(ledger: Ledger) -> Iterator[list[str]]:
    """The statements that reach the database inside, but for those that begin and end transactions."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(" ".join(statement.split()))

    event.listen(ledger.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(ledger.database.engine, "before_cursor_execute", note)


# How a receipt names its message, and the statements of its transaction.
RECEIPTS: dict[str, tuple[Callable[[Claimed], DeliveryReceipt], list[str]]] = {
    "the vendor's id": (
        lambda batch: DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="v1"),
        ["SELECT", "UPDATE message", "INSERT INTO push", "INSERT INTO tally"],
    ),
    "our reference": (
        lambda batch: DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message_ref(batch.id, 1)),
        ["SELECT", "SELECT", "UPDATE message", "INSERT INTO push", "INSERT INTO tally"],
    ),
}


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_receipt(ledger: Ledger, name: str) -> None:
    """Its message is found, climbs, is counted and told; of a batch that is settled nothing is asked."""
    make, expected = RECEIPTS[name]
    batch = recorded(ledger, phones(3))
    scope = Scope(CHANNEL, NOW, True, OWN)
    first = make(batch)._replace(message_ref=message_ref(batch.id, 2), vendor_id="v2")
    ledger.write(lambda connection: ledger.receipts.take(connection, scope, [first]))  # its send is known now
    with told(ledger) as seen:
        ledger.write(lambda connection: ledger.receipts.take(connection, scope, [make(batch)]))
    assert len(seen) == len(expected), seen
    assert [one for one, start in zip(seen, expected, strict=True) if not one.startswith(start)] == []
