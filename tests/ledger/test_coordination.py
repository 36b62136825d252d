"""What processes agree on: pauses, the breaker, rates, duties, who is alive."""

import threading

import pytest

from bridge.ledger import Ledger
from bridge.ledger.scope import Holder

from .making import CHANNEL, NOW

MINUTE = 60_000
PAUSES = {"base_ms": MINUTE, "longest_ms": 5 * MINUTE}


def test_pauses_grow_and_end(ledger: Ledger) -> None:
    """Each pause in a row is twice as long, up to a limit; reports during a pause change nothing."""
    coordination, now, lengths = ledger.coordination, NOW, []
    for _ in range(5):
        until = coordination.pause(CHANNEL, "no money", now=now, **PAUSES)
        assert coordination.pause(CHANNEL, "again", now=now + 1, **PAUSES) == until
        lengths.append((until - now) // MINUTE)
        now = until
    assert lengths == [1, 2, 4, 5, 5]
    assert coordination.channel_state(CHANNEL).pause_reason == "no money"
    coordination.resume(CHANNEL)
    assert (coordination.channel_state(CHANNEL).paused_until, coordination.channel_state(CHANNEL).pauses) == (
        0,
        0,
    )


def may(ledger: Ledger, now: int) -> str:
    return ledger.write(lambda c: ledger.coordination.may_push(c, CHANNEL, now=now, probe_ms=MINUTE))


def test_the_breaker_lets_one_probe_through(ledger: Ledger) -> None:
    """Closed; open after a refusal; one probe when it is time; open longer after another; closed again."""
    assert may(ledger, NOW) == "closed"
    until = ledger.coordination.open_breaker(CHANNEL, "HTTP 401", now=NOW, **PAUSES)
    assert [may(ledger, NOW), may(ledger, until - 1), may(ledger, until), may(ledger, until)] == [
        "open",
        "open",
        "probe",
        "open",
    ]
    assert may(ledger, until + MINUTE) == "probe", "a probe whose maker died is given to another"
    later = ledger.coordination.open_breaker(CHANNEL, "HTTP 401", now=until, **PAUSES)
    assert later - until == 2 * MINUTE
    ledger.coordination.close_breaker(CHANNEL, NOW)
    assert may(ledger, until) == "closed"


def test_a_rate_is_shared_by_all_workers(ledger: Ledger) -> None:
    """Four threads take from one bucket: together they get the burst and then the rate, no more."""
    granted: list[int] = []

    def take() -> None:
        for _ in range(25):
            wait = ledger.write(
                lambda c: ledger.coordination.take(c, "b", 1, per_second=10, burst=5, now_us=NOW * 1000)
            )
            granted.append(wait)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waits = sorted(granted)
    assert waits[:6] == [0] * 6
    assert waits[6:] == [100_000 * place for place in range(1, 95)]


@pytest.mark.parametrize(
    ("owner", "later", "gets"),
    [("a", 1, True), ("b", 1, False), ("b", MINUTE, True), ("b", MINUTE - 1, False)],
)
def test_a_duty_has_one_owner(ledger: Ledger, owner: str, later: int, gets: bool) -> None:
    """Its owner may go on, another only when the lease is past."""
    assert ledger.coordination.lease("poll", Holder("a", MINUTE), now=NOW) == ""
    found = ledger.coordination.lease("poll", Holder(owner, MINUTE), now=NOW + later)
    assert (found is not None) is gets


def test_a_cursor_moves_with_its_owner_only(ledger: Ledger) -> None:
    """Who lost the duty cannot store a cursor; a duty given back rests until its time."""
    coordination = ledger.coordination
    coordination.lease("poll", Holder("a", MINUTE), now=NOW)
    assert ledger.write(lambda c: coordination.advance(c, "poll", "a", "page-2", until=NOW + MINUTE))
    assert coordination.lease("poll", Holder("b", MINUTE), now=NOW + MINUTE) == "page-2"
    assert not ledger.write(lambda c: coordination.advance(c, "poll", "a", "page-3", until=NOW))
    coordination.release_lease("poll", "b", due=NOW + 9 * MINUTE)
    assert coordination.lease("poll", Holder("a", MINUTE), now=NOW + 8 * MINUTE) is None
    assert coordination.lease("poll", Holder("a", MINUTE), now=NOW + 9 * MINUTE) == "page-2"


def test_who_is_alive(ledger: Ledger) -> None:
    """A worker is alive while it says so, and gone when it leaves."""
    for name, seen in (("a", NOW), ("b", NOW - MINUTE)):
        ledger.coordination.beat(name, started=NOW - MINUTE, now=seen)
    ledger.coordination.beat("b", started=NOW - MINUTE, now=NOW)
    assert sorted(ledger.coordination.live_workers(since=NOW)) == ["a", "b"]
    ledger.coordination.leave("a")
    ledger.retention.forget_workers(NOW + 1)
    assert ledger.coordination.live_workers(since=0) == []
