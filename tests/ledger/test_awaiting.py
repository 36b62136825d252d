"""Messages without a receipt: found whatever other channels wait for, and however late they were sent."""

from bridge.ledger import Callee, Holder, Ledger, Scope, TimeSpan

from .making import CHANNEL, DAY, NOW, accept, claim, conclude, phones, recorded, send

HOUR = 3_600_000


def test_other_channels_do_not_stand_in_the_way(ledger: Ledger) -> None:
    """A channel whose own messages come after a thousand of another still finds them."""
    accept(ledger, send(phones(50), channel="other", digest=b"other"))
    (crowd,) = ledger.write(
        lambda c: ledger.batches.claim(
            c, Scope("other", NOW), Holder("worker", HOUR), Callee("", ""), limit=1
        )
    )
    conclude(ledger, crowd)
    mine = recorded(ledger, phones(3, 100))
    found = ledger.history.awaiting(CHANNEL, TimeSpan(0, NOW + DAY), limit=10)
    assert [detail.batch_id for detail in found] == [mine.id] * 3


def test_a_message_sent_long_after_its_acceptance_is_found(ledger: Ledger) -> None:
    """The span is that of sending; a batch may have waited for days before."""
    accept(ledger, send(phones(2)))
    sent = NOW + 2 * DAY
    (batch,) = claim(ledger, now=sent - DAY)
    assert conclude(ledger, batch, retry_at=sent)
    (again,) = claim(ledger, now=sent)
    from .making import row

    conclude(ledger, again, [row(again, seq, now=sent) for seq in range(2)], now=sent)
    span = TimeSpan(sent - 1000, sent)
    assert len(ledger.history.awaiting(CHANNEL, span, limit=10)) == 2
