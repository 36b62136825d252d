"""A reply may come before its message is recorded: it still finds its outId and goes to Quick Audience."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.ledger import REPLY, Ledger, NewBatch, Recipients, ReplyTerms, Terms, open_ledger, upgrade
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
    ("named_by", "pushed"), [("message", True), ("batch", True), ("number", False), ("stranger", False)]
)
def test_a_reply_that_names_its_call_does_not_wait_for_the_record(
    ledger: Ledger, named_by: str, pushed: bool
) -> None:
    new = NewBatch("promo", "task-1", "Acme", "T1", json.dumps(TEMPLATE), b"d", chunks=[_people()])
    ledger.batches.accept(new, Terms(NOW, NOW + 1000, 1000, 10))
    (chunk,) = ledger.write(lambda db: ledger.chunks.claim(db, "promo", "w", limit=1, now=NOW, lease_ms=1000))
    reply = MoMessage(
        from_vendor("8615400000009" if named_by == "stranger" else "8615400000002"),
        "R",
        batch_ref=to_ref(chunk.id) if named_by in ("batch", "stranger") else "",
        message_ref=message_ref(chunk.id, 1) if named_by == "message" else "",
    )
    assert ledger.replies.store("promo", [reply], ReplyTerms(1000, "", NOW)) == 1
    jobs = ledger.write(
        lambda db: ledger.outbox.claim(db, "promo", "w", jobs=9, size=500, now=NOW, lease_ms=1000)
    )
    assert [(job.kind, job.out_id) for job in jobs] == ([(REPLY, "task-1")] if pushed else [])


def _people() -> Recipients:
    return Recipients(["15400000001", "15400000002"])
