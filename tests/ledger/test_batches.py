"""The life of a batch: who may claim, who may record, what happens to what is unknown."""

import threading
from collections.abc import Callable

import pytest

from bridge.ledger import Claimed, Climb, Ledger, Settlement
from bridge.ledger.refs import message_ref
from bridge.ledger.scope import Holder
from bridge.plugin import DeliveryReceipt, MessageStatus

from .making import CHANNEL, DAY, NOW, accept, claim, conclude, phones, pushed, row, rows, send, statuses

MINUTE = 60_000


def unknown(ledger: Ledger, count: int = 3) -> Claimed:
    """Return a batch whose call was lost: all its messages are in question."""
    accept(ledger, send(phones(count)))
    (batch,) = claim(ledger)
    conclude(ledger, batch, rows(batch, MessageStatus.CALLING), check_at=NOW + 1000)
    return batch


def settle(ledger: Ledger, now: int = NOW + 1000, **what: object) -> Claimed:
    """Claim the one batch that is due for settling, and settle it."""
    (batch,) = ledger.batches.claim_unknown(CHANNEL, Holder("settler", MINUTE), limit=10, now=now)
    given: dict[str, object] = {
        "resend_due": now,
        "resend_deadline": now + DAY,
        "check_at": now + MINUTE,
        **what,
    }
    ledger.batches.settle(Settlement(batch, "task-1", "Acme", pushes=True, **given), now)  # type: ignore[arg-type]
    return batch


def test_a_batch_is_claimed_by_one_worker_only(ledger: Ledger) -> None:
    """Four workers race for twenty batches: each batch goes to one, none is left."""
    accept(ledger, send(*(phones(2, 10 * index) for index in range(20))))
    taken: list[int] = []

    def work(owner: str) -> None:
        while found := claim(ledger, owner, limit=3):
            taken.extend(batch.id for batch in found)

    threads = [threading.Thread(target=work, args=(f"worker-{index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(set(taken))) == (20, 20)


@pytest.mark.parametrize(("due_in", "claimed"), [(-1, True), (0, True), (1, False)])
def test_only_what_is_due_is_claimed(ledger: Ledger, due_in: int, claimed: bool) -> None:
    """A batch that was put back waits until its time."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)
    assert conclude(ledger, batch, retry_at=NOW + 5000)
    again = claim(ledger, now=NOW + 5000 - due_in)
    assert bool(again) is claimed
    assert [found.attempt for found in again] == ([2] if claimed else [])


def lapse(ledger: Ledger, batch: Claimed) -> None:
    """Another worker takes the batch over when its lease is past, and writes it down as unknown."""
    (lapsed,) = ledger.batches.claim_lapsed([CHANNEL], Holder("other", MINUTE), limit=5, now=batch.lease + 1)
    assert conclude(ledger, lapsed, rows(lapsed, MessageStatus.CALLING), check_at=NOW + DAY)


@pytest.mark.parametrize("late", [False, True], ids=["before the lease ends", "after"])
def test_a_lease_that_lapsed_is_unknown_and_never_ready(ledger: Ledger, late: bool) -> None:
    """Nobody claims it again, whatever the time; only after its end may another write it down."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger, lease_ms=MINUTE)
    moment = batch.lease + (1 if late else -1)
    lapsed = ledger.batches.claim_lapsed([CHANNEL], Holder("other", MINUTE), limit=5, now=moment)
    assert len(lapsed) == (1 if late else 0)
    assert claim(ledger, "other", now=NOW + 2 * DAY) == []


def test_a_late_answer_is_evidence_not_a_second_record(ledger: Ledger) -> None:
    """The first worker comes back after its batch was taken over: what it says settles them."""
    accept(ledger, send(phones(3)))
    (batch,) = claim(ledger)
    lapse(ledger, batch)
    late = [
        row(batch, 0, vendor_id="v0"),
        row(batch, 1, MessageStatus.REJECTED),
        row(batch, 2, MessageStatus.CALLING),
    ]
    assert conclude(ledger, batch, late) is False
    assert [seq for seq, _, _ in ledger.batches.open_messages(batch.id)] == [2]
    assert statuses(ledger) == {phones(3)[1]: "REJECTED"}
    assert len(pushed(ledger)) == 1


def test_a_late_answer_may_come_before_the_messages_it_is_about(ledger: Ledger) -> None:
    """The batch was taken over but not yet written down as unknown: the answer waits for that."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)
    (lapsed,) = ledger.batches.claim_lapsed([CHANNEL], Holder("other", MINUTE), limit=5, now=batch.lease + 1)
    late = [row(batch, 0, vendor_id="v0"), row(batch, 1, MessageStatus.REJECTED)]
    assert conclude(ledger, batch, late) is False
    assert conclude(ledger, lapsed, rows(lapsed, MessageStatus.CALLING), check_at=NOW + DAY)
    assert ledger.batches.open_messages(batch.id) == []
    assert statuses(ledger) == {phones(2)[1]: "REJECTED"}
    ledger.receipts.apply(
        CHANNEL, [DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="v0")], pushes=True, now=NOW
    )
    assert statuses(ledger)[phones(2)[0]] == "DELIVERED", "the vendor's own id came along"


def test_an_answer_told_twice_does_not_end_the_next_call(ledger: Ledger) -> None:
    """A record whose commit looked lost is made again, when the same worker may be calling already."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)
    assert conclude(ledger, batch, retry_at=NOW)
    (again,) = claim(ledger)
    assert again.owner == batch.owner
    assert conclude(ledger, batch, retry_at=NOW) is False
    assert claim(ledger, now=NOW + DAY) == []
    assert conclude(ledger, again)


def test_an_answer_told_twice_does_not_disturb_who_settles_it(ledger: Ledger) -> None:
    """The same, when the same worker looks after the unknown outcome already."""
    batch = unknown(ledger)
    (held,) = ledger.batches.claim_unknown(CHANNEL, Holder(batch.owner, MINUTE), limit=1, now=NOW + 1000)
    assert (held.owner, held.attempt) == (batch.owner, batch.attempt)
    assert conclude(ledger, batch, rows(batch, MessageStatus.CALLING), check_at=NOW + 1000) is False
    assert len(ledger.batches.open_messages(batch.id)) == 3
    assert not ledger.batches.settle(Settlement(held, "task-1", "Acme", True, check_at=NOW), NOW).stale


@pytest.mark.parametrize("called_again", [False, True], ids=["its last call", "called again since"])
def test_a_late_answer_that_nothing_was_sent_is_proof(ledger: Ledger, called_again: bool) -> None:
    """What the only call certainly did not send is sent again; of another call the answer says nothing."""
    accept(ledger, send(phones(2)))
    (batch,) = claim(ledger)
    if called_again:
        assert conclude(ledger, batch, retry_at=NOW)
        (again,) = claim(ledger)
        lapse(ledger, again)
    else:
        lapse(ledger, batch)
    assert conclude(ledger, batch, retry_at=NOW + 5000) is False
    ready = claim(ledger, now=NOW + 5000)
    assert [list(found.recipients.phones) for found in ready] == ([] if called_again else [phones(2)])
    assert bool(ledger.gauges().get((CHANNEL, "unknown"))) is called_again


def resend(seqs: list[int]) -> Callable[[Ledger, Claimed], None]:
    return lambda ledger, _: void(settle(ledger, resend=seqs))


def climbs(status: MessageStatus, seqs: list[int]) -> Callable[[Ledger, Claimed], None]:
    return lambda ledger, batch: void(
        settle(ledger, climbs=[Climb(batch.id, seq, int(status), "", "", "", NOW) for seq in seqs])
    )


def receipts(status: MessageStatus, seqs: list[int]) -> Callable[[Ledger, Claimed], None]:
    return lambda ledger, batch: void(
        ledger.receipts.apply(
            CHANNEL,
            [DeliveryReceipt(status, message_ref=message_ref(batch.id, seq)) for seq in seqs],
            pushes=True,
            now=NOW,
        )
    )


def void(_: object) -> None:
    """Nothing comes of it."""


SETTLED = {
    "a look-up shows all": (climbs(MessageStatus.ACCEPTED, [0, 1, 2]), 0, 0),
    "a look-up shows some": (climbs(MessageStatus.ACCEPTED, [0]), 2, 0),
    "receipts for all": (receipts(MessageStatus.DELIVERED, [0, 1, 2]), 0, 0),
    "progress for some": (receipts(MessageStatus.ACCEPTED, [1]), 2, 0),
    "proof of absence for one": (resend([1]), 2, 1),
    "proof of absence for all": (resend([0, 1, 2]), 0, 3),
    "closed as unknown": (climbs(MessageStatus.UNKNOWN, [0, 1, 2]), 0, 0),
}


@pytest.mark.parametrize(("how", "still_open", "again"), SETTLED.values(), ids=SETTLED)
def test_an_unknown_outcome_is_settled_by_proof(
    ledger: Ledger, how: Callable[[Ledger, Claimed], None], still_open: int, again: int
) -> None:
    """Settled messages leave, the rest stays in question, and only what is proven absent is sent again."""
    batch = unknown(ledger)
    how(ledger, batch)
    assert len(ledger.batches.open_messages(batch.id)) == still_open
    ready = claim(ledger, now=NOW + DAY)
    assert sum(found.count for found in ready) == again
    assert bool(ledger.gauges().get((CHANNEL, "unknown"))) is (still_open > 0)


def test_a_receipt_beats_a_proof_of_absence(ledger: Ledger) -> None:
    """A message whose receipt came between look-up and settlement is not sent again."""
    batch = unknown(ledger)
    (held,) = ledger.batches.claim_unknown(CHANNEL, Holder("settler", MINUTE), limit=1, now=NOW + 1000)
    receipts(MessageStatus.DELIVERED, [0])(ledger, batch)
    settlement = Settlement(
        held, "task-1", "Acme", True, resend=[0, 1], resend_due=NOW, resend_deadline=NOW + DAY
    )
    ledger.batches.settle(settlement, NOW)
    (again,) = claim(ledger, now=NOW + 1)
    assert list(again.recipients.phones) == [phones(3)[1]]
    assert again.recipients.params_of(0) == {"name": f"n{phones(3)[1]}"}


def test_two_settlers_do_not_both_settle(ledger: Ledger) -> None:
    """The second finds nothing while the first holds the batch, and the first too late has no effect."""
    unknown(ledger)
    (first,) = ledger.batches.claim_unknown(CHANNEL, Holder("a", MINUTE), limit=1, now=NOW + 1000)
    assert ledger.batches.claim_unknown(CHANNEL, Holder("b", MINUTE), limit=1, now=NOW + 1000) == []
    (second,) = ledger.batches.claim_unknown(CHANNEL, Holder("b", MINUTE), limit=1, now=first.lease + 1)
    late = ledger.batches.settle(Settlement(first, "task-1", "Acme", True, resend=[0]), NOW)
    assert late.stale
    assert len(ledger.batches.open_messages(second.id)) == 3


def test_what_was_never_sent_expires_at_its_deadline(ledger: Ledger) -> None:
    """Three days later the batch is handed out to be ended, not to be called, even of a channel at rest."""
    accept(ledger, send(phones(2)))
    assert not ledger.batches.has_due(CHANNEL, NOW + 3 * DAY)
    assert claim(ledger, now=NOW + 3 * DAY) == []
    assert ledger.batches.claim_expired([CHANNEL], Holder("w", MINUTE), limit=5, now=NOW + 3 * DAY - 1) == []
    (expired,) = ledger.batches.claim_expired([CHANNEL], Holder("w", MINUTE), limit=5, now=NOW + 3 * DAY)
    assert conclude(ledger, expired, rows(expired, MessageStatus.UNSENT), now=NOW + 3 * DAY)
    assert set(statuses(ledger).values()) == {"UNSENT"}
