"""What many small transactions do is made of few statements: a vendor of single webhooks causes one each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Delete, Select, Update, event

from bridge.ledger import AccountKey, Claimed, Ended, Ledger, Shown
from bridge.ledger.refs import message_ref
from bridge.ledger.reports.outbox import enqueue_receipts
from bridge.ledger.scope import Scope, Source
from bridge.plugin import DeliveryReceipt, MessageStatus

from .making import CHANNEL, NOW, phones, pushed, recorded

OWN = Source("one", "", frozenset())
KEY = AccountKey(CHANNEL, "one")


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
    ledger.write(
        lambda connection: ledger.receipts.apply_in(connection, scope, [first])
    )  # its send is known now
    with told(ledger) as seen:
        ledger.write(lambda connection: ledger.receipts.apply_in(connection, scope, [make(batch)]))
    assert len(seen) == len(expected), seen
    assert [one for one, start in zip(seen, expected, strict=True) if not one.startswith(start)] == []


# What the loops of a worker do each round.
ROUNDS: dict[str, Callable[[Ledger], object]] = {
    "a channel's state": lambda ledger: ledger.coordination.channel_state(CHANNEL),
    "what an account may do": lambda ledger: ledger.write(
        lambda connection: ledger.accounts.allow(connection, [], [KEY], NOW + 1)
    ),
    "whether a push is due": lambda ledger: ledger.outbox.has_due(CHANNEL, NOW),
    "a push and its end": pushed,
}


@pytest.mark.parametrize("name", ROUNDS)
def test_a_round(ledger: Ledger, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It builds no statement, which would cost as much as running it: each was made once."""
    ended = {"task-1": [Ended("13800138000", MessageStatus.DELIVERED, NOW, NOW, "", "")]}
    ledger.write(lambda connection: enqueue_receipts(connection, Scope(CHANNEL, NOW), ended))
    ledger.write(lambda connection: ledger.accounts.allow(connection, [Shown(KEY, "")], [KEY], NOW))
    built: list[str] = []
    for kind in (Select, Update, Delete):
        monkeypatch.setattr(kind, "__init__", noting(kind.__init__, built))
    ROUNDS[name](ledger)
    assert built == []


def noting(made: Callable[..., None], built: list[str]) -> Callable[..., None]:
    def init(statement: object, *args: Any, **options: Any) -> None:
        built.append(type(statement).__name__)
        made(statement, *args, **options)

    return init
