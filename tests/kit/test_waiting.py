"""How the kit waits for a campaign: by what moves, not by the clock alone."""

from collections.abc import Iterator
from itertools import chain, repeat
from types import SimpleNamespace

import pytest

from bridge.testing.play import running

# What each look sees, the seconds from one look to the next, and whether it is waited for.
ROWS = [
    pytest.param([1, 2, 3, "end"], 80, True, id="slow, and it moves"),
    pytest.param([1] * 9, 40, False, id="it stands still"),
    pytest.param([1, 1, 2, 2, "end"], 40, True, id="it rests now and then"),
    pytest.param(range(100), 80, False, id="it moves for ever"),
]


class Clock:
    """A clock that stands but for its rests, each of so many seconds."""

    def __init__(self, step_s: float) -> None:
        self.now, self.step_s = 0.0, step_s

    def monotonic(self) -> float:
        return self.now

    def rest(self, _: float) -> None:
        self.now += self.step_s


@pytest.mark.parametrize(("looks", "step_s", "waits"), ROWS)
def test_what_moves_is_waited_for(
    looks: list[object], step_s: float, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(step_s)
    monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.rest))
    seen: Iterator[object] = chain(looks, repeat("end"))
    now: list[object] = [next(seen)]

    def look() -> object:
        now[0] = next(seen)
        return now[0]

    def wait() -> None:
        running.await_progress(lambda: now[0] == "end", look, 90, lambda: "it hangs")

    if waits:
        wait()
    else:
        with pytest.raises(AssertionError, match="it hangs"):
            wait()
