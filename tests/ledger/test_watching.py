"""What alerts are told of waiting: from when it might have been done, never while a policy holds it."""

from bridge.ledger import ChannelWaits, Ended, Holder, Ledger, Scope
from bridge.ledger.reports.outbox import PutBack, enqueue_receipts

from .making import CHANNEL, NOW, accept, phones, recorded, send

MINUTE = 60_000


def enqueue(ledger: Ledger, at: int) -> None:
    ended = [Ended("m-1", 30, NOW, NOW, "DELIVRD", "")]
    ledger.write(lambda c: enqueue_receipts(c, Scope(CHANNEL, at), {"t1": ended}))


def bury(ledger: Ledger, at: int) -> None:
    """Give up the one callback that waits."""
    [job] = ledger.write(
        lambda c: ledger.outbox.claim(c, Scope(CHANNEL, at), Holder("a", MINUTE), jobs=1, size=500)
    )
    ledger.outbox.finish([], [PutBack(job, at, "HTTP 500", dead=True)], at)


def test_nothing_waits_in_an_empty_ledger(ledger: Ledger) -> None:
    """Nor after everything was sent."""
    assert ledger.watching.waits() == {}
    recorded(ledger, phones(3))
    assert ledger.watching.waits() == {}


def test_the_oldest_due_message_counts(ledger: Ledger) -> None:
    """From the moment at which it might have been sent."""
    accept(ledger, send(phones(2), out_id="one"), NOW + MINUTE)
    accept(ledger, send(phones(2, 10), out_id="two", digest=b"other"), NOW + 5 * MINUTE)
    assert ledger.watching.waits() == {CHANNEL: ChannelWaits(due_since=NOW + MINUTE)}


def test_callbacks_wait_and_are_given_up(ledger: Ledger) -> None:
    """Each is counted once, in one of the two."""
    enqueue(ledger, NOW)
    bury(ledger, NOW)
    enqueue(ledger, NOW + MINUTE)
    enqueue(ledger, NOW + 2 * MINUTE)
    expected = ChannelWaits(None, callbacks=2, callbacks_since=NOW + MINUTE, given_up=1)
    assert ledger.watching.waits() == {CHANNEL: expected}
