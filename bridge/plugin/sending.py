"""What a vendor is asked to send, and what became of it; what a policy decides before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .errors import BridgeError, NotAccepted, OptedOut, OutcomeUnknown
from .moments import aware, require_aware
from .phone import Phone
from .status import Outcome
from .templates import Template


class Message(NamedTuple):
    """One message of a batch.

    `ref` is the bridge's own reference: at most 20 characters [0-9a-z-], unique over all channels.
    `text` is the content with the values in their places, without the signature.
    `segments` counts the parts the text will be sent in, signature included.
    """

    ref: str
    phone: Phone
    params: Mapping[str, str]
    text: str = ""
    segments: int = 1

    def __repr__(self) -> str:
        return f"Message(ref={self.ref!r}, phone={self.phone!r})"


@dataclass(frozen=True, slots=True)
class Batch:
    """The messages of one vendor call, no more than the vendor's limits, no number twice.

    `ref` goes to the vendor wherever it takes a reference (at most 14 characters [0-9a-z]): a receipt or a
    look-up that shows it proves that the call was accepted. `called_at` is the moment the call was
    decided; for `reconcile_batch` it is the moment of the call whose outcome is unknown.
    """

    ref: str
    out_id: str
    sign_name: str
    template: Template
    messages: tuple[Message, ...]
    called_at: datetime

    def __post_init__(self) -> None:
        require_aware(self, called_at=self.called_at)

    @property
    def uniform(self) -> bool:
        """True when all messages have equal parameters."""
        first = self.messages[0].params
        return all(message.params == first for message in self.messages)

    def __repr__(self) -> str:
        return f"Batch(ref={self.ref!r}, messages={len(self.messages)})"


class SubmitResult(NamedTuple):
    """What became of one message. Built by `accepted`, `rejected`, `not_sent` and `unknown`.

    `segment_ids` are the vendor's ids of a long message's segments, in order, where each has its own.
    """

    outcome: Outcome
    vendor_id: str = ""
    code: str = ""
    reason: str = ""
    opted_out: bool = False
    error: NotAccepted | None = None
    segment_ids: tuple[str, ...] = ()


def accepted(vendor_id: str = "", *more_ids: str) -> SubmitResult:
    """Say that the vendor took the message; `vendor_id` is its id, or that of the call it was part of.

    A vendor that gives each segment an id of its own names them all: the message is delivered when each is.
    """
    segment_ids = (vendor_id, *more_ids) if more_ids else ()
    return SubmitResult(Outcome.ACCEPTED, vendor_id, segment_ids=segment_ids)


def rejected(code: str, reason: str, *, opted_out: bool = False) -> SubmitResult:
    """Say that the vendor refused the message for good; `opted_out` also suppresses the number."""
    return SubmitResult(Outcome.REJECTED, code=code, reason=reason, opted_out=opted_out)


def not_sent(error: NotAccepted) -> SubmitResult:
    """Say that the vendor certainly did not take the message: it is sent again, as `error` asks."""
    return SubmitResult(Outcome.NOT_SENT, code=error.code, reason=error.reason, error=error)


def unknown(reason: str, code: str = "OUTCOME_UNKNOWN") -> SubmitResult:
    """Say that the vendor may have taken the message: it is never resent blindly."""
    return SubmitResult(Outcome.UNKNOWN, code=code, reason=reason)


def failure(error: BridgeError) -> SubmitResult:
    """Return the result an error stands for: not sent, unknown, or rejected with its code (and opted out)."""
    if isinstance(error, NotAccepted):
        return not_sent(error)
    if isinstance(error, OutcomeUnknown):
        return unknown(error.reason, error.code)
    return rejected(error.code, error.reason, opted_out=isinstance(error, OptedOut))


@aware("defer_until")
class Verdict(NamedTuple):
    """What a policy decides for one message: send it, reject it, or defer it until a moment."""

    code: str = ""
    reason: str = ""
    defer_until: datetime | None = None

    @property
    def sends(self) -> bool:
        """True when nothing speaks against sending."""
        return not self.code and self.defer_until is None


SEND = Verdict()
