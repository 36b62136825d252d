"""Handing the messages of one batch over: in parallel, at the allowed rate, and not past its time."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from bridge.plugin import (
    NotAccepted,
    OutcomeUnknown,
    SubmitResult,
    VendorThrottled,
    VendorUnavailable,
    accepted,
    failure,
    not_sent,
)

from . import codes
from .pace import CallThreads, Deadline

LOST_IN_A_ROW = 5
"""So many unknown outcomes without a success between them, and the rest of the batch waits."""


class Request(NamedTuple):
    """One Messages.create: the SDK's arguments and the segments it costs."""

    fields: Mapping[str, Any]
    segments: int

    def __repr__(self) -> str:
        return f"Request(segments={self.segments})"


_OF_ONE_RECIPIENT = frozenset(map(str, codes.OF_ONE_RECIPIENT))
Item = Request | SubmitResult
"""A message to hand over, or what was decided about it before."""


class Submission:
    """One batch on its way.

    An error that will meet every further message (credentials, no contact, "wait so long") ends it early:
    the messages not begun are reported as not sent, the bridge sends them later.
    """

    def __init__(
        self,
        send: Callable[..., str],
        crew: CallThreads,
        deadline: Deadline,
        sleep: Callable[[float], None],
    ) -> None:
        self._send = send
        self._crew = crew
        self._deadline = deadline
        self._sleep = sleep
        self._obstacle: NotAccepted | None = None
        self._lost = 0
        self._given: set[str] = set()
        self._lock = threading.Lock()

    def run(
        self, items: Sequence[Item], per_second: float, take: Callable[[float], float]
    ) -> list[SubmitResult]:
        """Return one result per item, in order; `take` asks for segments and says how long to wait."""
        futures = []
        for portion in _portions(items, per_second):
            if per_second and not self._obstacle:
                self._wait(take(sum(item.segments for item in portion if isinstance(item, Request))))
            futures += [
                self._crew.start(partial(self._hand_over, item), failure, self._deadline) for item in portion
            ]
        return self._crew.gather(futures, failure, self._deadline)

    def _wait(self, seconds: float) -> None:
        if seconds > self._deadline.left():
            self._obstacle = VendorThrottled(
                "The sender's segments per second are used up.", code="RATE", retry_after=seconds
            )
        elif seconds > 0:
            self._sleep(seconds)

    def _hand_over(self, item: Item) -> SubmitResult:
        if isinstance(item, SubmitResult):
            return item
        if self._obstacle is not None:
            return not_sent(self._obstacle)
        try:
            sid = self._own(self._send(**item.fields))
        except OutcomeUnknown:
            self._lost += 1
            if self._lost >= LOST_IN_A_ROW:
                self._obstacle = VendorUnavailable("Twilio's answers are lost.", code="ANSWERS_LOST")
            raise
        except VendorThrottled as error:
            if error.retry_after is not None:
                self._obstacle = error
            raise
        except NotAccepted as error:
            if error.code not in _OF_ONE_RECIPIENT:
                self._obstacle = error
            raise
        self._lost = 0
        return accepted(sid)

    def _own(self, sid: str) -> str:
        """Return an id that no other message of the batch got: an answer given twice proves one of them."""
        with self._lock:
            known = sid in self._given
            self._given.add(sid)
        if known:
            raise OutcomeUnknown("Twilio gave one id to two messages.", code="DUPLICATE_ID")
        return sid


def _portions(items: Sequence[Item], per_second: float) -> Iterator[Sequence[Item]]:
    """Yield about a second's worth of segments at a time, so that workers share the rate fairly."""
    if not per_second:
        yield items
        return
    portion: list[Item] = []
    cost = 0
    for item in items:
        segments = item.segments if isinstance(item, Request) else 0
        if portion and cost + segments > per_second:
            yield portion
            portion, cost = [], 0
        portion.append(item)
        cost += segments
    yield portion
