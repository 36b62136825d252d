"""Group commit: who comes while one stores is stored together, and each learns of its own."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from bridge.ledger import LedgerUnavailable, Scope
from bridge.plugin import DeliveryReceipt, MessageStatus, WebhookRequest, WebhookResult
from bridge.services.reports.joining import Joined, _Part

from ..world import World

AWAY = LedgerUnavailable("away")
BAD = ValueError("bad")


class Store:
    """Stores letters: the first one waits until the others are there; "b" is bad, "away" is the database."""

    def __init__(self, away: bool = False) -> None:
        self.calls: list[str] = []
        self.away = away
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.joined: Joined[str] = Joined(self.together, self.alone)
        self.queue = self.joined._waiting = Queue()

    def together(self, parts: Sequence[str]) -> None:
        self.calls.append("".join(parts))
        if self.away:
            raise AWAY
        if "b" in parts:
            raise BAD

    def alone(self, part: str) -> None:
        self.calls.append(part)
        self.begun.set()
        self.gate.wait(30)
        if part == "b":
            raise BAD


def come(store: Store, letters: str) -> list[Future[None]]:
    """Store letters from a thread each, the first before the others; the others join while it is stored."""
    with ThreadPoolExecutor(len(letters)) as pool:
        futures = []
        for count, letter in enumerate(letters):
            futures.append(pool.submit(store.joined.store, letter))
            assert store.begun.wait(30)
            store.queue.wait_for(count)
        store.gate.set()
    return futures


class Queue(deque[Any]):
    """A queue that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def append(self, part: Any) -> None:
        with self._changed:
            super().append(part)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self) >= count, 120)


@pytest.mark.parametrize(
    ("letters", "away", "calls", "errors"),
    [
        ("f", False, ["f"], [None]),
        ("fx", False, ["f", "x"], [None, None]),
        ("fxyz", False, ["f", "xyz"], [None] * 4),
        ("fxbz", False, ["f", "xbz", "x", "b", "z"], [None, None, BAD, None]),
        ("fxy", True, ["f", "xy"], [None, AWAY, AWAY]),
    ],
    ids=["alone", "one joins nobody", "three together", "a bad one costs only itself", "away for all"],
)
def test_each_learns_of_its_own(
    letters: str, away: bool, calls: list[str], errors: list[Exception | None]
) -> None:
    store = Store(away)
    futures = come(store, letters)
    assert store.calls == calls
    assert [future.exception() for future in futures] == errors


def test_many_are_stored_in_order_and_in_bounds() -> None:
    """More than one transaction may hold wait for the next one."""
    store = Store()
    letters = "f" + "x" * 100
    assert all(future.exception() is None for future in come(store, letters))
    assert [len(call) for call in store.calls] == [1, 64, 36]


def test_company_is_waited_for_where_there_was_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came alone waits for nobody; after three, the first waits until three are there, but not long."""
    store = Store()
    come(store, "fxyz")
    waits: list[float | None] = []

    def others_come(timeout: float | None = None) -> bool:
        waits.append(timeout)
        if len(waits) == 1:
            store.queue.extend(_Part(letter) for letter in "no")
        return True

    monkeypatch.setattr(store.joined._enough, "wait", others_come)
    for letter in "mac":
        store.joined.store(letter)
    assert store.calls == ["f", "xyz", "mno", "a", "c"]
    assert len(waits) == 2, "of one that came alone last time nobody is expected"


class Stepwise:
    """Stores what it is given, each time only when it is told to go on."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.joined: Joined[str] = Joined(self.store, self.store)
        self.queue = self.joined._waiting = Queue()

    def store(self, _: object) -> None:
        self.begun.release()
        assert self.go_on.acquire(timeout=30)


def test_whose_part_is_stored_does_not_wait_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the next one waits for company, those before have their answer: else none of them can be it."""
    one = Stepwise()
    left = threading.Event()
    waits: list[Callable[[], bool]] = [lambda: True, lambda: left.wait(30)]
    monkeypatch.setattr(one.joined._enough, "wait", lambda _: waits.pop(0)())
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(one.joined.store, "a")
        assert one.begun.acquire(timeout=30)
        together = [pool.submit(one.joined.store, letter) for letter in "bc"]
        one.queue.wait_for(2)
        one.go_on.release()
        assert one.begun.acquire(timeout=30)
        late = pool.submit(one.joined.store, "d")
        one.queue.wait_for(1)
        one.go_on.release(2)
        assert [done.result(timeout=20) for done in (first, *together)] == [None] * 3
        assert not late.done()
        left.set()
        assert late.result(timeout=20) is None


@pytest.mark.parametrize("amid", ["storing", "waiting for company"])
def test_nobody_waits_for_a_thread_that_is_ended(amid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the ending thread held is not stored, and is said not to be; the next one stores again."""
    ending = [True]

    def end(_: object = None) -> None:
        if ending.pop() if ending else False:
            raise SystemExit

    joined: Joined[str] = Joined(end, end)
    if amid == "waiting for company":
        joined._expected = 2
        monkeypatch.setattr(joined._enough, "wait", end)
    with pytest.raises(SystemExit):
        joined.store("x")
    assert not joined._waiting
    joined.store("y")


def test_webhooks_at_the_same_time_share_a_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight webhooks, one of them spoilt: seven messages end, in fewer transactions than webhooks."""
    phones = [f"1380000000{digit}" for digit in range(8)]
    world.send(phones)
    world.hand_over()
    messages = world.vendor.batches[0].messages
    gate, begun, stored = threading.Event(), threading.Event(), list[int]()
    store = world.ledger.store_reports

    def counted(scope: Scope, receipts: Sequence[DeliveryReceipt], *rest: Any, **named: Any) -> object:
        begun.set()
        gate.wait(30)
        stored.append(len(receipts))
        return store(scope, receipts, *rest, **named)

    def parse(request: WebhookRequest) -> WebhookResult:
        seq = int(request.body)
        vendor_id: Any = 5 if seq == 3 else ""
        return WebhookResult(
            [DeliveryReceipt(MessageStatus.DELIVERED, message_ref=messages[seq].ref, vendor_id=vendor_id)]
        )

    monkeypatch.setattr(world.ledger, "store_reports", counted)
    monkeypatch.setattr(world.hooks, "parse_webhook", parse)
    receiving = world.services.receiving
    queue = receiving._joined._waiting = Queue()
    requests = [WebhookRequest("POST", "https://h/", "", b"", {}, b"%d" % n, "") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(receiving.webhook, request) for request in requests]
        assert begun.wait(30)
        queue.wait_for(7)
        gate.set()
    failed = [seq for seq, future in enumerate(futures) if future.exception()]
    assert failed == [3]
    assert world.ended() == {phone: "DELIVERED" for seq, phone in enumerate(phones) if seq != 3}
    assert max(stored) == 7
