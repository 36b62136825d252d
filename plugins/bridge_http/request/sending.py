"""Sending one batch: grouped as the vendor takes it, every message with a result of its own."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bridge.plugin import (
    Batch,
    BridgeError,
    ConfigurationRefused,
    History,
    NotAccepted,
    OptedOut,
    Outcome,
    OutcomeUnknown,
    SubmitResult,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
    failure,
    unknown,
)

from ..answer.errors import NumberRefused, ProvenAbsent, VendorAnswer
from ..faults import Unsendable
from ..language.values import Names, RecipientValues
from .building import Built
from .naming import Namer, grouping
from .operations import CompiledOperation

TIME_BUDGET_S = 60.0
"""Seconds after which no further call of a batch is begun; the rest is handed back unsent."""

MAX_WAIT_S = 5.0
"""Longest wait for a place in the vendor's rate; beyond it the messages are handed back."""


class SharedRequest(NamedTuple):
    """Messages that share one request: their seqs in the batch, and what tells the call from others."""

    seqs: list[int]
    key: str


@dataclass(frozen=True, slots=True)
class BatchUnderway:
    """A batch on its way: what its requests are made of, what became of its messages, and until when."""

    batch: Batch
    recipients: list[RecipientValues]
    names: Names
    is_late: Callable[[], bool]
    results: dict[int, SubmitResult] = field(default_factory=dict)


class OperationSender:
    """Sends batches of one operation.

    With `settling` the batch is a question about messages whose outcome is unknown (a look-up, or a repeat
    under an idempotency key): what befalls the question says nothing of them, they stay unknown.
    """

    def __init__(
        self,
        operation: CompiledOperation,
        namer: Namer,
        exchange: Callable[[Built], VendorAnswer],
        *,
        history: History,
        token: Callable[[Names], Names],
        settling: bool = False,
    ) -> None:
        self._operation = operation
        self._namer = namer
        self._exchange = exchange
        self._history = history
        self._token = token
        self._settling = settling
        self._clock: Callable[[], float] = time.monotonic
        self._wall: Callable[[], float] = time.time
        self._sleep: Callable[[float], None] = time.sleep
        recipe = namer.recipe
        self._rate = recipe.vendor.rate_per_s
        one = operation.each == "message"
        self._key = grouping("single" if one else recipe.batch.mode, recipe.phone.split)
        self._max = 1 if one else recipe.batch.max
        # Under a key that the vendor keeps, a repeat of the whole call would be taken after its halves were.
        self._may_halve = not settling and recipe.batch.idempotency is None

    def send(self, batch: Batch) -> list[SubmitResult]:
        """Return one result per message, in order. Never raises for what happens to a single call."""
        recipients = self._namer.recipients(batch)
        names = self._namer.for_batch(batch)
        if self._operation.names_template and not names["template"].vendor_code:
            return [self._failed(_no_code(batch))] * len(batch.messages)
        sending = BatchUnderway(batch, recipients, names, self._is_late())
        results = sending.results
        halt: NotAccepted | None = None
        waiting = list(reversed(list(self.calls(batch))))
        while waiting:
            call = waiting.pop()
            if halt is None and sending.is_late():
                halt = _out_of_time()
            if halt is not None:
                results |= dict.fromkeys(call.seqs, self._failed(halt))
                continue
            halt = self._call(sending, call)
            left = [seq for seq in call.seqs if seq not in results]
            if left:
                waiting += _halves(call, left)
        return [results[seq] for seq in range(len(batch.messages))]

    def calls(self, batch: Batch) -> Iterator[SharedRequest]:
        """Yield the calls a batch is sent in."""
        grouped: dict[tuple[Any, ...], list[int]] = {}
        if self._key is None:
            grouped[()] = list(range(len(batch.messages)))
        else:
            for seq, message in enumerate(batch.messages):
                grouped.setdefault(self._key(message), []).append(seq)
        for key, seqs in grouped.items():
            for start in range(0, len(seqs), self._max):
                yield SharedRequest(seqs[start : start + self._max], f"{key}/{start}")

    def _call(self, sending: BatchUnderway, call: SharedRequest) -> NotAccepted | None:
        """Make one call. Returns the error that also holds back the calls after it.

        Recipients of a refused call that are to be tried apart get no result.
        """
        try:
            self._exchanged(sending, call)
        except BridgeError as error:
            missing = [seq for seq in call.seqs if seq not in sending.results]
            if len(missing) > 1 and self._may_halve and isinstance(error, NumberRefused) and error.none_taken:
                return None
            why = self._failed(error if len(missing) == 1 else _of_many(error))
            sending.results.update(dict.fromkeys(missing, why))
            return error if isinstance(error, NotAccepted) else None
        return None

    def _exchanged(self, sending: BatchUnderway, call: SharedRequest) -> None:
        """Make the request and read what its answer says of each recipient."""
        names = self._token({**sending.names, "now": int(self._namer.clock())})
        built, seqs = self._built(sending, call, names)
        if built is None:
            return
        self._take_turn()
        # After every wait: whoever stopped this process may have let the lease on the batch lapse,
        # and another worker may have found the messages absent since.
        if sending.is_late():
            raise _out_of_time()
        recipients = [sending.recipients[seq] for seq in seqs]
        read = self._operation.reader.read(self._exchange(built), recipients, sending.batch.ref)
        told = map(self._told, read) if self._settling else read
        sending.results.update(dict(zip(seqs, told, strict=True)))

    def _built(
        self, sending: BatchUnderway, call: SharedRequest, names: Names
    ) -> tuple[Built | None, list[int]]:
        """Return the request of a call; recipients that cannot be expressed are refused and left out."""

        def attempt(seqs: Sequence[int]) -> Built:
            assert self._operation.plan is not None  # noqa: S101 - a recipe with faults is never run
            chosen = [sending.recipients[seq] for seq in seqs]
            return self._operation.plan.build(self._namer.for_call(names, sending.batch, call.key, chosen))

        seqs = call.seqs
        while seqs:
            try:
                return attempt(seqs), seqs
            except Unsendable as problem:
                # When no part of the call fails alone, the call as a whole cannot be expressed.
                refused = _unsendable(seqs, attempt, problem) or dict.fromkeys(seqs, problem)
            for seq, why in refused.items():
                error = VendorRejected(f"{why.key or 'The request'}: {why.reason}", code="UNSENDABLE_VALUE")
                sending.results[seq] = self._failed(error)
            seqs = [seq for seq in seqs if seq not in refused]
        return None, []

    def _failed(self, error: BridgeError) -> SubmitResult:
        """Return the result of a message whose call met this error."""
        return unknown(error.reason, error.code) if self._settling else failure(error)

    def _told(self, result: SubmitResult) -> SubmitResult:
        """Return a result the vendor told when asked again: only proof of absence sends a message again."""
        again = result.outcome is Outcome.NOT_SENT and not isinstance(result.error, ProvenAbsent)
        return unknown(result.reason, result.code) if again else result

    def _is_late(self) -> Callable[[], bool]:
        """Return what tells that the batch's time is over, by two clocks, whichever ends first.

        The steady clock stands while a machine sleeps, the wall clock may be set back.
        """
        ends = [(clock, clock() + TIME_BUDGET_S) for clock in (self._clock, self._wall)]
        return lambda: any(clock() > end for clock, end in ends)

    def _take_turn(self) -> None:
        if not self._rate:
            return
        wait = self._history.take("recipe.calls", 1, self._rate)
        if wait > MAX_WAIT_S:
            raise VendorThrottled("The vendor's rate is used up.", code="RATE", retry_after=wait)
        if wait > 0:
            self._sleep(wait)


def _out_of_time() -> VendorUnavailable:
    return VendorUnavailable("The batch took too long and is sent on later.", code="TIME_BUDGET")


def _of_many(error: BridgeError) -> BridgeError:
    """Return what an error of a whole call means for several people: it is about one of them, not all."""
    if isinstance(error, OptedOut | NumberRefused):
        return OutcomeUnknown(f"{error.reason} (one of several numbers of the call)", code=error.code)
    return error


def _halves(call: SharedRequest, seqs: list[int]) -> list[SharedRequest]:
    """Return the two calls, the later one first, in which to find the recipient that one was refused for."""
    middle = len(seqs) // 2
    return [SharedRequest(part, f"{call.key}/{part[0]}") for part in (seqs[middle:], seqs[:middle])]


def _no_code(batch: Batch) -> ConfigurationRefused:
    reason = f"The vendor's code of the template {batch.template.code} is not known: give it in `templates`."
    return ConfigurationRefused(reason, code="NO_VENDOR_CODE")


def _unsendable(
    seqs: Sequence[int], attempt: Callable[[Sequence[int]], Built], problem: Unsendable
) -> dict[int, Unsendable]:
    """Return the seqs whose values cannot be expressed, found by halving."""
    if len(seqs) == 1:
        return {seqs[0]: problem}
    found: dict[int, Unsendable] = {}
    middle = len(seqs) // 2
    for half in (seqs[:middle], seqs[middle:]):
        try:
            attempt(half)
        except Unsendable as smaller:
            found |= _unsendable(half, attempt, smaller)
    return found
