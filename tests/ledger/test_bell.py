"""Workers hear of work once it is committed, at once and then now and then, however much is accepted."""

import threading

import pytest

from bridge.ledger import Ledger
from bridge.ledger.database.bell import Bell
from bridge.ledger.database.engine import wake


class Ears:
    """Counts strikes; `wait_for` returns when there were so many."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.strikes = 0
        self._deaf = deaf
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.strikes += 1
            self._changed.notify_all()
        if self._deaf:
            raise OSError("away")

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.strikes >= count, 30)


@pytest.mark.parametrize(
    ("rings", "strikes"),
    [(0, 0), (1, 1), (2, 2), (50, 2)],
    ids=["none", "the first at once", "the second at the end", "any number once more"],
)
@pytest.mark.parametrize("deaf", [False, True], ids=["heard", "failing"])
def test_a_rest_lies_between_two_strikes(rings: int, strikes: int, deaf: bool) -> None:
    ears = Ears(deaf=deaf)
    bell = Bell(ears, rest_s=3600)
    for _ in range(rings):
        bell.ring()
    assert ears.strikes == min(rings, 1)
    bell.close()
    assert ears.strikes == strikes
    bell.close()
    assert ears.strikes == strikes


def test_what_was_rung_in_a_rest_strikes_at_its_end() -> None:
    ears = Ears()
    bell = Bell(ears, rest_s=0.01)
    bell.ring()
    bell.ring()
    ears.wait_for(2)
    bell.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_worker_hears_of_what_is_committed_and_of_nothing_else(ledger: Ledger) -> None:
    """A transaction that is rolled back rings for nobody, nor does one behind it on its connection."""
    rung: list[bool] = []
    ledger.database._bell.close()
    ledger.database._bell = Bell(lambda: rung.append(True), rest_s=0.001)

    def failing(connection: object) -> None:
        wake(connection)  # type: ignore[arg-type]
        raise KeyError

    with pytest.raises(KeyError):
        ledger.database.write(failing)
    ledger.database.write(lambda _: None)
    assert not rung
    ledger.database.write(wake)
    assert rung


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_another_process_hears(ledger: Ledger) -> None:
    """The listener of a worker is woken by a notification of the server."""
    heard, stop = threading.Event(), threading.Event()

    def hear() -> None:
        heard.set()

    thread = threading.Thread(target=ledger.database.listen, args=(hear, stop))
    thread.start()
    try:
        for _ in range(300):
            ledger.database.write(wake)
            if heard.wait(0.1):
                break
        assert heard.is_set()
    finally:
        stop.set()
        thread.join(30)
