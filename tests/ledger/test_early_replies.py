"""A reply may come before its message is recorded: it still finds its outId and goes to Quick Audience."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.ledger import (
    REPLY,
    Callee,
    Holder,
    Ledger,
    NewSend,
    Recipients,
    ReplyTerms,
    Scope,
    Terms,
    open_ledger,
    upgrade,
)
from bridge.ledger.refs import message_ref, to_ref
from bridge.plugin import MoMessage, from_vendor

NOW = 1_800_000_000_000
TEMPLATE = {"kind": "text", "type": 2, "name": "n", "content": "c", "vendor_code": "1", "state": ""}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    upgrade(url)
    ledger = open_ledger(url)
    yield ledger
    ledger.close()


@pytest.mark.parametrize(
    ("named_by", "pushed"), [("message", True), ("send", True), ("number", False), ("third party", False)]
)
def test_a_reply_that_names_its_call_does_not_wait_for_the_record(
    ledger: Ledger, named_by: str, pushed: bool
) -> None:
    new = NewSend("promo", "task-1", "Acme", "T1", json.dumps(TEMPLATE), b"d", batches=[_people()])
    ledger.sends.accept(new, Terms(NOW, NOW + 1000, 1000, 10))
    (batch,) = ledger.write(
        lambda db: ledger.batches.claim(db, Scope("promo", NOW), Holder("w", 1000), Callee("", ""), limit=1)
    )
    reply = MoMessage(
        from_vendor("8615400000009" if named_by == "third party" else "8615400000002"),
        "R",
        batch_ref=to_ref(batch.id) if named_by in ("send", "third party") else "",
        message_ref=message_ref(batch.id, 1) if named_by == "message" else "",
    )
    assert ledger.replies.store("promo", [reply], ReplyTerms(1000, "", NOW)) == 1
    jobs = ledger.write(
        lambda db: ledger.outbox.claim(db, Scope("promo", NOW), Holder("w", 1000), jobs=9, size=500)
    )
    assert [(job.kind, job.out_id) for job in jobs] == ([(REPLY, "task-1")] if pushed else [])


def _people() -> Recipients:
    return Recipients(["15400000001", "15400000002"])
