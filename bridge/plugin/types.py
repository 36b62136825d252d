"""The values that cross the plugin boundary. All are immutable; all times are aware datetimes.

Types made once per message are named tuples, because a campaign makes millions of them.
No `repr` here shows a phone number, a rendered text or a parameter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from .errors import BridgeError, NotAccepted, OutcomeUnknown
from .phone import Phone
from .status import MessageStatus, Outcome
from .templates import ReviewChange, Template

if TYPE_CHECKING:
    from .vendor import PluginSettings


class Records(Protocol):
    """What a plugin may ask of the bridge's records, always within its own channel."""

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        """Those of `phones` that must not be sent to under this signature."""

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """How many messages each number was sent since then; numbers without any are left out."""

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Take `units` from a rate bucket shared by all workers; returns the seconds to wait first."""

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """Those of `vendor_ids` that messages of this channel already carry: a look-up adopts each once."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of the configuration, as its vendor and policies see it.

    `hook_url` is the public prefix of this channel's webhooks, without a trailing slash, or "" when the
    bridge has no public URL. `settings` is the plugin's own model, already validated.
    """

    name: str
    platform_name: str
    settings: "PluginSettings"
    records: Records
    hook_url: str = ""
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages one call to the vendor may carry.

    `uniform` applies when all messages of the call have equal parameters; None means as `messages`.
    """

    messages: int = 100
    uniform: int | None = None

    def for_call(self, uniform: bool) -> int:
        """The most messages one call may carry."""
        return self.uniform if uniform and self.uniform is not None else self.messages


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
    """The vendor took the message; `vendor_id` is its id, or that of the call it was part of.

    A vendor that gives each segment an id of its own names them all: the message is delivered when each is.
    """
    segment_ids = (vendor_id, *more_ids) if more_ids else ()
    return SubmitResult(Outcome.ACCEPTED, vendor_id, segment_ids=segment_ids)


def rejected(code: str, reason: str, *, opted_out: bool = False) -> SubmitResult:
    """The vendor refused the message for good. `opted_out` also puts the number on the suppression list."""
    return SubmitResult(Outcome.REJECTED, code=code, reason=reason, opted_out=opted_out)


def not_sent(error: NotAccepted) -> SubmitResult:
    """The vendor certainly did not take the message: it is sent again, by the consequence of `error`."""
    return SubmitResult(Outcome.NOT_SENT, code=error.code, reason=error.reason, error=error)


def unknown(reason: str, code: str = "OUTCOME_UNKNOWN") -> SubmitResult:
    """The vendor may have taken the message: it is never resent blindly."""
    return SubmitResult(Outcome.UNKNOWN, code=code, reason=reason)


def failure(error: BridgeError) -> SubmitResult:
    """The result that an error stands for: not sent, unknown, or rejected with its code."""
    if isinstance(error, NotAccepted):
        return not_sent(error)
    if isinstance(error, OutcomeUnknown):
        return unknown(error.reason, error.code)
    return rejected(error.code, error.reason)


class DeliveryReceipt(NamedTuple):
    """A vendor's report on one message.

    It names its message by the strongest of `message_ref`, `batch_ref` with `phone`, `vendor_id` with
    `phone`, `vendor_id` alone. `phone` is the number as the vendor wrote it. `status` ACCEPTED reports
    progress (it proves acceptance); a final status ends the message. `code` is the raw code of carrier or
    vendor; `reason` a sentence, or "" to let the bridge explain the code. A report on one segment of a long
    message says which (`segment`, from 1) of how many (`segments`): the message is delivered when all of
    them are, and failed with the first that failed.
    """

    status: MessageStatus
    message_ref: str = ""
    batch_ref: str = ""
    vendor_id: str = ""
    phone: Phone | None = None
    code: str = ""
    reason: str = ""
    at: datetime | None = None
    opted_out: bool = False
    segment: int = 0
    segments: int = 0


class MoMessage(NamedTuple):
    """A reply (MO message). `vendor_id` makes repeats recognisable; without one, number, text and time do.

    `opt_out` is the vendor's own word (True left, False came back) or None to let the bridge read the text.
    """

    phone: Phone
    content: str
    at: datetime | None = None
    vendor_id: str = ""
    sign_name: str = ""
    batch_ref: str = ""
    message_ref: str = ""
    opt_out: bool | None = None

    def __repr__(self) -> str:
        return f"MoMessage(phone={self.phone!r}, vendor_id={self.vendor_id!r})"


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A vendor's webhook as it arrived: nothing decoded but the path.

    `tail` is the path behind the hook token, "" or starting with "/". `url` is the public URL the vendor
    called (with the raw query string), rebuilt from `public_url`. Header names are in lower case.
    """

    method: str
    url: str
    tail: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    remote_addr: str = ""

    def __repr__(self) -> str:
        return f"WebhookRequest(method={self.method!r}, tail={self.tail!r}, body={len(self.body)} bytes)"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The exact answer the vendor waits for, given once everything is stored."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """Everything one webhook said, and the answer to give once it is stored."""

    receipts: Sequence[DeliveryReceipt] = ()
    replies: Sequence[MoMessage] = ()
    reviews: Sequence[ReviewChange] = ()
    acknowledgement: Acknowledgement = field(default_factory=Acknowledgement)


class PendingMessage(NamedTuple):
    """An accepted message that still has no final receipt."""

    ref: str
    batch_ref: str
    vendor_id: str
    phone: Phone
    sent_at: datetime


def _keep_nothing(page: bytes) -> None:
    """Outside the bridge nothing is kept."""


@dataclass(frozen=True, slots=True)
class PollWindow:
    """What to ask the vendor for.

    `cursor` is what the last page returned, "" at first; it is stored in the same transaction as that
    page, so a destructive pull may confirm its last page with it. `pending` holds messages long without a
    receipt, oldest first, for vendors that can only be asked message by message.

    A vendor that gives each record once only: hand its raw answer to `keep` before reading it, and the bridge
    stores it at once. Should reading fail, by OutcomeUnknown, a bug or a crash, a later window brings it back
    as `page`: read that and ask nothing. Any other error says that the answer holds no records.
    """

    since: datetime
    until: datetime
    cursor: str = ""
    pending: Sequence[PendingMessage] = ()
    page: bytes = field(default=b"", repr=False)
    keep: Callable[[bytes], None] = field(default=_keep_nothing, repr=False)


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """One page of receipts; `more` asks for the next page at once."""

    receipts: Sequence[DeliveryReceipt] = ()
    cursor: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class ReplyPage:
    """One page of replies; `more` asks for the next page at once."""

    replies: Sequence[MoMessage] = ()
    cursor: str = ""
    more: bool = False


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


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of `check_channel`: `detail` tells the operator; `error` names what is wrong."""

    detail: str
    error: BridgeError | None = None

    @property
    def ok(self) -> bool:
        """True when the channel can send."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a channel, for observers.

    `name` is one of: batch.accepted, chunk.called, chunk.recorded, chunk.unknown, receipts.applied,
    replies.stored, push.done, push.failed, channel.paused, channel.resumed, breaker.opened,
    breaker.closed. `fields` hold counts, references and codes only.
    """

    channel: str
    name: str
    at: datetime
    fields: Mapping[str, str | int | float] = field(default_factory=dict)
