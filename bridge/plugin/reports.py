"""What vendors report: receipts, replies and reviews, pushed as webhooks or polled page by page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from .moments import aware, require_aware
from .phone import Phone
from .status import MessageStatus
from .templates import ReviewChange


@aware("at")
class DeliveryReceipt(NamedTuple):
    """A vendor's report on one message.

    It names its message by the strongest of `message_ref`, `batch_ref` with `phone`, `vendor_id` with
    `phone`, `vendor_id` alone. `phone` is the number as the vendor wrote it. `status` ACCEPTED reports
    progress (it proves acceptance); a final status ends the message. `code` is the raw code of carrier or
    vendor; `reason` a sentence, or "" to let the bridge explain the code. A report on one segment of a long
    message says which (`segment`, from 1) of how many (`segments`): the message is delivered when all of
    them are, and failed with the first that failed. `unlisted` is a word of the vendor's for the state that
    stands in no table of the plugin: the bridge counts such words. `price` is what the vendor says it charges
    for what the report is about, in `currency` (three letters of ISO 4217).
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
    unlisted: str = ""
    price: Decimal | None = None
    currency: str = ""


@aware("at")
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
    """Everything one webhook said, and the answer to give once it is stored.

    `confirm` is called when all is stored and before the answer, for a vendor that wants an address visited;
    it raises WebhookRejected with 503 when the vendor is to ask again.
    """

    receipts: Sequence[DeliveryReceipt] = ()
    replies: Sequence[MoMessage] = ()
    reviews: Sequence[ReviewChange] = ()
    acknowledgement: Acknowledgement = field(default_factory=Acknowledgement)
    confirm: Callable[[], None] | None = None


@aware("sent_at")
class PendingMessage(NamedTuple):
    """An accepted message that still has no final receipt."""

    ref: str
    batch_ref: str
    vendor_id: str
    phone: Phone
    sent_at: datetime


def _keep_nothing(page: bytes) -> None:
    """Keep nothing: there is no bridge."""


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

    def __post_init__(self) -> None:
        require_aware(self, since=self.since, until=self.until)


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
