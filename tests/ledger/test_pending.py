"""How many wait is known without counting for every send; nobody is refused without a count."""

from typing import Any

import pytest

from bridge.ledger import Overfull
from bridge.ledger.sending import pending as module
from bridge.ledger.sending.pending import Pending

MOST = 100
CONNECTION: Any = None


class World:
    """A clock, and a queue that takes `cost_s` to count."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, waiting: int, cost_s: float = 0) -> None:
        self.now = 1000.0
        self.waiting = waiting
        self.cost_s = cost_s
        self.counts = 0
        self.pending = Pending(lambda: self.now)
        monkeypatch.setattr(module, "pending", self.count)

    def count(self, _: object, __: str) -> int:
        self.counts += 1
        self.now += self.cost_s
        return self.waiting

    def take(self, count: int) -> bool:
        try:
            self.pending.make_room(CONNECTION, "promo", count, MOST)
        except Overfull:
            return False
        return True


# What waits by a count, its cost; then each send: after so long, of so many, taken, counts so far.
ROWS: dict[str, tuple[int, float, list[tuple[float, int, bool, int]]]] = {
    "one count for many sends": (0, 0, [(0, 10, True, 1), (0.9, 10, True, 1), (0, 10, True, 1)]),
    "again after a second": (0, 0, [(0, 10, True, 1), (1.1, 10, True, 2)]),
    "a long count is made less often": (0, 0.2, [(0, 10, True, 1), (9, 10, True, 1), (2, 10, True, 2)]),
    "no refusal without a count": (0, 0, [(0, 90, True, 1), (0, 20, True, 2)]),
    "refused by the count": (95, 0, [(0, 5, True, 1), (0, 1, True, 2), (0, 6, False, 3)]),
    "the last one fits": (0, 0, [(0, 100, True, 1)]),
    "one more than may wait": (0, 0, [(0, 101, False, 1), (0, 101, False, 2)]),
}


@pytest.mark.parametrize(("waiting", "cost_s", "sends"), ROWS.values(), ids=ROWS)
def test_counting(
    waiting: int, cost_s: float, sends: list[tuple[float, int, bool, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch, waiting, cost_s)
    for passed, count, taken, counts in sends:
        world.now += passed
        assert (world.take(count), world.counts) == (taken, counts)


def test_channels_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 0)
    assert world.take(MOST)
    world.pending.make_room(CONNECTION, "alerts", MOST, MOST)
    assert world.counts == 2
