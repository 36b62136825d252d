"""The gate: how many calls run at once."""

import threading

import pytest

from bridge_twilio.pace import Gate

from .samples import Clock


def test_a_burst_halves_the_limit_once() -> None:
    """Calls that were under way together tell the same thing."""
    gate = Gate(20, Clock())
    with gate.passage(0) as first, gate.passage(0) as second:
        assert first is not None
        assert second is not None
        gate.throttled(first)
        gate.throttled(second)
    assert gate.limit == 10
    with gate.passage(0) as third:
        assert third is not None
        gate.throttled(third)
    assert gate.limit == 5


def test_the_limit_never_falls_below_one() -> None:
    """One call at a time always goes."""
    gate = Gate(2, Clock())
    for _ in range(4):
        with gate.passage(0) as ticket:
            assert ticket is not None
            gate.throttled(ticket)
    assert gate.limit == 1


@pytest.mark.parametrize(
    ("seconds", "limit"), [(59, 8), (60, 9), (119, 9), (180, 11), (720, 16), (86_400, 16)]
)
def test_each_quiet_minute_gives_one_back(seconds: float, limit: int) -> None:
    """Slowly up to where it began, and no further."""
    clock = Clock()
    gate = Gate(16, clock)
    with gate.passage(0) as ticket:
        assert ticket is not None
        gate.throttled(ticket)
    clock.sleep(seconds)
    assert gate.limit == limit


def test_a_full_gate_lets_nobody_in() -> None:
    """Without a place in time there is no ticket, and nothing is counted as inside."""
    gate = Gate(1, Clock())
    with gate.passage(0) as inside:
        assert inside is not None
        with gate.passage(0) as outside:
            assert outside is None
    with gate.passage(0) as again:
        assert again is not None


def test_a_place_that_comes_free_is_taken() -> None:
    """Waiting calls go on when another ends."""
    gate = Gate(1, Clock())
    waiting, tickets = threading.Event(), []

    def wait() -> None:
        waiting.set()
        with gate.passage(10) as ticket:
            tickets.append(ticket)

    thread = threading.Thread(target=wait)
    with gate.passage(0):
        thread.start()
        assert waiting.wait(5)
    thread.join(10)
    assert tickets == [0]
