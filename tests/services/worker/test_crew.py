"""Threads are shared fairly: a channel whose calls hang keeps one, and the others do not notice."""

import threading
from collections.abc import Iterator

import pytest

from bridge.worker.crew import LONG_S, Crew, share

SHARES = [(8, 1, 8), (8, 2, 7), (8, 3, 6), (8, 5, 4), (8, 50, 4), (4, 2, 3), (2, 2, 1), (1, 1, 1), (1, 9, 1)]
HANGING = [1, 2, 3, 10, 25]
MOST = 8


@pytest.mark.parametrize(("threads", "channels", "most"), SHARES)
def test_a_channel_leaves_threads_to_others(threads: int, channels: int, most: int) -> None:
    """All to one alone, one for each other where there are few, half where there are many."""
    assert share(threads, channels) == most


class Scene:
    """A crew over a well channel and some whose calls hang until they are let go."""

    def __init__(self, threads: int, hanging: int) -> None:
        self.now = 0.0
        self.hanging = [f"hanging-{index}" for index in range(hanging)]
        self.crew: Crew[bool] = Crew("test", threads, hanging + 1, lambda: self.now)
        self._let_go = threading.Event()

    def hang(self, channel: str) -> int:
        """Begin as many calls as the channel may, all of which hang. Returns how many."""
        begun, wait = 0, self._let_go.wait
        while self.crew.room(channel, MOST) > 0:
            self.crew.begin(channel, lambda: not wait(60), bool)
            begun += 1
        return begun

    def time_out(self, after_s: float) -> None:
        """End the hanging calls without an answer, that much later."""
        self.now += after_s
        self._let_go.set()
        self._over()
        self._let_go = threading.Event()

    def answer(self, channel: str, after_s: float) -> None:
        """Make one call of a channel that goes well."""
        self.crew.begin(channel, lambda: True, bool)
        self.now += after_s
        while self.crew.gather(10) != [True]:
            pass

    def _over(self) -> None:
        while self.crew.busy:
            self.crew.gather(1)

    def close(self) -> None:
        """End the threads."""
        self._let_go.set()
        self._over()
        self.crew.close()


@pytest.fixture(params=HANGING, ids="{} hanging".format)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Eight threads, a well channel, and so many others."""
    made = Scene(8, request.param)
    made.answer("well", 0.1)
    yield made
    made.close()


def test_channels_that_never_answered_cost_the_others_nothing(scene: Scene) -> None:
    """However many there are: each begins with one call, in a thread of its own."""
    alone = scene.crew.room("well", MOST)
    assert [scene.hang(name) for name in scene.hanging] == [1] * len(scene.hanging)
    assert scene.crew.room("well", MOST) == alone == share(8, len(scene.hanging) + 1)


def test_channels_that_cease_to_answer_cost_the_others_a_moment(scene: Scene) -> None:
    """They hold the shared threads until it is clear that they hang."""
    alone = scene.crew.room("well", MOST)
    for name in scene.hanging:
        scene.answer(name, 0.1)
    for name in scene.hanging:
        scene.hang(name)
    scene.now += LONG_S + 0.01
    assert scene.crew.room("well", MOST) == alone
    scene.time_out(30)
    for _ in range(len(scene.hanging)):  # those that found no thread before find one now
        for name in scene.hanging:
            scene.hang(name)
        scene.now += LONG_S + 0.01
        assert scene.crew.room("well", MOST) == alone


def test_a_channel_that_answers_again_has_its_share_again(scene: Scene) -> None:
    """One call that goes well is enough."""
    name = scene.hanging[0]
    scene.hang(name)
    scene.time_out(30)
    assert scene.crew.room(name, MOST) == 1
    scene.answer(name, 0.1)
    assert scene.crew.room(name, MOST) == share(8, len(scene.hanging) + 1)


def test_a_vendor_that_is_slow_but_answers_is_not_in_doubt(scene: Scene) -> None:
    """What hangs is measured by how long the channel's calls take when they go well."""
    scene.answer("well", 3)
    wait = scene._let_go.wait
    scene.crew.begin("well", lambda: wait(60), bool)
    scene.now += 5
    assert not scene.crew.in_doubt("well") and scene.crew.silent_s("well") == 0
    scene.now += 2
    assert scene.crew.in_doubt("well") and scene.crew.silent_s("well") == 7


def test_how_long_a_channel_has_not_answered_is_known(scene: Scene) -> None:
    """From its oldest call on, also when none was ever answered; an answer ends it."""
    name = scene.hanging[0]
    assert scene.crew.silent_s(name) == 0
    scene.hang(name)
    for later, silent_s in [(0.5, 0.0), (5.5, 6.0)]:
        scene.now += later
        assert scene.crew.silent_s(name) == silent_s
    scene.time_out(1)
    scene.answer(name, 0.1)
    assert scene.crew.silent_s(name) == 0


def test_what_ends_without_a_call_says_nothing(scene: Scene) -> None:
    """Neither that a channel's calls are well while one of them hangs, nor that they hang."""
    for name in ("well", scene.hanging[0]):
        doubted = scene.crew.in_doubt(name)
        scene.crew.begin(name, lambda: True, lambda _: None)
        assert scene.crew.gather(10) == [True]
        assert scene.crew.in_doubt(name) is doubted
    wait = scene._let_go.wait
    scene.crew.begin("well", lambda: wait(60), bool)
    scene.now += 5
    scene.crew.begin("well", lambda: True, lambda _: None)
    assert scene.crew.gather(10) == [True]
    assert scene.crew.in_doubt("well") and scene.crew.silent_s("well") == 5


def test_a_call_that_fails_at_once_holds_no_thread(scene: Scene) -> None:
    """A refused connection is no reason to slow a channel down."""
    scene.crew.begin("well", lambda: False, bool)
    while scene.crew.busy:
        scene.crew.gather(1)
    assert not scene.crew.in_doubt("well")
