"""What Quick Audience received: receipts, replies, and everything that was wrong with them."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .inspection import PushedReply, Receipt

_REFUSALS_KEPT = 100


class RefusedCallback(NamedTuple):
    """A callback that was refused: the answer's status and the reason."""

    status: int
    message: str


@dataclass
class Inbox:
    """Thread-safe record of callbacks. The first receipt for a number of an outId stands.

    A later one that says the same is a repeat, which pushing "at least once" allows; one that says
    something else is a contradiction, which nothing allows.
    """

    receipts: dict[str, dict[str, Receipt]] = field(default_factory=dict)
    """outId -> number as sent -> receipt."""
    replies: list[PushedReply] = field(default_factory=list)
    contradictions: list[tuple[Receipt, Receipt]] = field(default_factory=list)
    refusals: deque[RefusedCallback] = field(default_factory=lambda: deque(maxlen=_REFUSALS_KEPT))
    receipt_repeats: int = 0
    reply_repeats: int = 0
    pushes: int = 0
    refused: int = 0
    faulted: int = 0
    """Callbacks that met an injected fault."""
    visits: int = 0
    """How often its front page was read, as a check of the callback address does."""

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._known_replies: set[PushedReply] = set()

    def add_receipts(self, receipts: Iterable[Receipt]) -> None:
        """Take the entries of one push."""
        with self._changed:
            self.pushes += 1
            for receipt in receipts:
                self._add_receipt(receipt)
            self._changed.notify_all()

    def _add_receipt(self, receipt: Receipt) -> None:
        first = self.receipts.setdefault(receipt.out_id, {}).setdefault(receipt.phone, receipt)
        if first is receipt:
            return
        if (first.delivered, first.code) == (receipt.delivered, receipt.code):
            self.receipt_repeats += 1
        else:
            self.contradictions.append((first, receipt))

    def add_replies(self, replies: Iterable[PushedReply]) -> None:
        """Take the entries of one push."""
        with self._changed:
            self.pushes += 1
            for reply in replies:
                if reply in self._known_replies:
                    self.reply_repeats += 1
                    continue
                self._known_replies.add(reply)
                self.replies.append(reply)
            self._changed.notify_all()

    def add_refusal(self, status: int, message: str) -> None:
        """Remember a callback that was refused."""
        with self._changed:
            self.refused += 1
            self.refusals.append(RefusedCallback(status, message))
            self._changed.notify_all()

    def add_visit(self) -> None:
        """Count a look at the front page."""
        with self._changed:
            self.visits += 1

    def add_fault(self) -> None:
        """Count a callback that met an injected fault."""
        with self._changed:
            self.faulted += 1
            self._changed.notify_all()

    def received(self, out_id: str) -> int:
        """Return how many numbers of an outId have a receipt."""
        with self._changed:
            return len(self.receipts.get(out_id, ()))

    def total(self) -> int:
        """Return how many receipts stand, over all outIds."""
        with self._changed:
            return sum(len(numbers) for numbers in self.receipts.values())

    def wait(self, enough: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `enough()` or the timeout, looking again at each callback. Returns `enough()`."""
        with self._changed:
            return self._changed.wait_for(enough, timeout_s)
