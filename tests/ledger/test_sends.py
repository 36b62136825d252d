"""Accepting: one answer per digest and day, nothing stored beyond the cap, no half send."""

import threading
from collections import Counter

import pytest

from bridge.ledger import Ledger, Overfull

from .making import CHANNEL, DAY, NOW, accept, claim, phones, send, terms


@pytest.mark.parametrize(
    ("channel", "digest", "later", "replayed"),
    [
        (CHANNEL, b"digest", 0, True),
        (CHANNEL, b"digest", DAY - 1, True),
        (CHANNEL, b"digest", DAY, False),
        (CHANNEL, b"other", 0, False),
        ("other", b"digest", 0, False),
    ],
)
def test_the_same_request_gets_the_first_answer_for_a_day(
    ledger: Ledger, channel: str, digest: bytes, later: int, replayed: bool
) -> None:
    """The digest within the channel is the key, and it lasts exactly as long as configured."""
    first = ledger.sends.accept(send(phones(3)), terms())
    again = ledger.sends.accept(send(phones(3), channel=channel, digest=digest), terms(NOW + later))
    assert (again.replayed, again.send_id == first.send_id) == (replayed, replayed)
    assert ledger.sends.pending(CHANNEL) == (3 if replayed or channel != CHANNEL else 6)


def test_the_same_request_at_the_same_moment_is_stored_once(ledger: Ledger) -> None:
    """Eight threads race with one request: all get the same answer."""
    answers: Counter[int] = Counter()
    threads = [
        threading.Thread(target=lambda: answers.update([accept(ledger, send(phones(5)))])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), answers.total(), ledger.sends.pending(CHANNEL)) == (1, 8, 5)


@pytest.mark.parametrize(
    ("waiting", "more", "cap", "taken"), [(5, 5, 10, True), (5, 6, 10, False), (0, 11, 10, False)]
)
def test_beyond_the_cap_nothing_is_stored(
    ledger: Ledger, waiting: int, more: int, cap: int, taken: bool
) -> None:
    """A refused request leaves no trace: the same one is accepted once there is room."""
    if waiting:
        accept(ledger, send(phones(waiting), digest=b"first"))
    new = send(phones(more, 100), digest=b"second")
    if taken:
        ledger.sends.accept(new, terms(max_pending=cap))
        return
    with pytest.raises(Overfull) as full:
        ledger.sends.accept(new, terms(max_pending=cap))
    assert full.value.pending == waiting
    assert ledger.sends.pending(CHANNEL) == waiting
    assert not ledger.sends.accept(new, terms()).replayed


def test_recipients_come_back_as_they_were(ledger: Ledger) -> None:
    """Any text survives the blob: quotes, emoji, a lone surrogate, long digits."""
    odd = ["13800138000", " +86 138 ", "号码", "🙂", "\ud83d", "1" * 400, '"\\', "{}"]
    accept(ledger, send(odd))
    (batch,) = claim(ledger)
    assert list(batch.recipients.phones) == odd
    assert batch.recipients.params_of(3) == {"name": "n🙂"}
