"""What a frequency cap counts: what may have reached the person, for the whole window."""

import pytest

from bridge.ledger import Ledger
from bridge.plugin import MessageStatus
from bridge.plugin.status import MAY_HAVE_ARRIVED

from .making import CHANNEL, DAY, NOW, accept, claim, conclude, phones, row, send

HOUR = 3_600_000
(NUMBER,) = phones(1)
DIGITS = f"86{NUMBER}"
COUNTED = {
    MessageStatus.QUEUED: 0,
    MessageStatus.CALLING: 1,  # the vendor was called: it may be on its way
    MessageStatus.ACCEPTED: 1,
    MessageStatus.DELIVERED: 1,
    MessageStatus.UNDELIVERABLE: 1,  # of a long message, parts may have arrived
    MessageStatus.EXPIRED: 1,  # at the carrier
    MessageStatus.REJECTED: 0,
    MessageStatus.UNKNOWN: 1,  # no receipt ever came, or no answer
    MessageStatus.UNSENT: 0,
}


def sent(ledger: Ledger, status: MessageStatus, at: int, digest: bytes = b"x") -> None:
    """A message to the number with this status, called at this moment."""
    accept(ledger, send([NUMBER], digest=digest), now=at)
    (batch,) = claim(ledger, now=at)
    assert conclude(ledger, batch, [row(batch, 0, status, now=at)], now=at)


def count(ledger: Ledger, *, hours: float, now: int = NOW, channel: str = CHANNEL) -> int:
    """Return how many messages a cap of so many hours counts."""
    found = ledger.history.recent_sends(channel, [DIGITS], since=now - int(hours * HOUR), now=now)
    return found.get(DIGITS, 0)


@pytest.mark.parametrize(("status", "counted"), COUNTED.items(), ids=lambda value: str(value))
def test_what_counts(ledger: Ledger, status: MessageStatus, counted: int) -> None:
    """Never what was refused or not sent; always what the vendor may have taken."""
    sent(ledger, status, NOW - HOUR)
    assert count(ledger, hours=24) == counted
    assert (status in MAY_HAVE_ARRIVED) is bool(counted)


@pytest.mark.parametrize("status", [MessageStatus.UNKNOWN, MessageStatus.DELIVERED, MessageStatus.ACCEPTED])
@pytest.mark.parametrize(
    ("age_h", "hours", "counted"),
    [(71, 168, 1), (73, 168, 1), (167.9, 168, 1), (168, 168, 1), (168.1, 168, 0), (30 * 24, 31 * 24, 1)],
)
def test_for_the_whole_window(
    ledger: Ledger, status: MessageStatus, age_h: float, hours: float, counted: int
) -> None:
    """A vendor that sends no receipts ends its messages after 72 hours; a weekly cap still counts them."""
    sent(ledger, status, NOW - int(age_h * HOUR))
    assert count(ledger, hours=hours) == counted


def test_each_message_counts_in_its_own_channel(ledger: Ledger) -> None:
    """Several to one person add up; another channel's do not."""
    for day in range(3):
        sent(ledger, MessageStatus.UNKNOWN, NOW - day * DAY, b"%d" % day)
    assert count(ledger, hours=168) == 3
    assert count(ledger, hours=168, channel="other") == 0
