"""The states of messages and reviews, each enumeration under its own name.

Quick Audience numbers the same ideas differently from call to call (a text template's 2 is rejected, a
digital template's 2 is partly approved); those numbers live in `bridge.contract`, never here.
"""

from enum import IntEnum, StrEnum


class TemplateType(IntEnum):
    """What a text template is for; it also decides how its recipients' numbers are read."""

    CAPTCHA = 0
    NOTIFICATION = 1
    PROMOTION = 2
    INTERNATIONAL = 3


class Kind(StrEnum):
    """Text messages, or digital ones (text with pictures, sound or video)."""

    TEXT = "text"
    DIGITAL = "digital"


class Carrier(StrEnum):
    """The mainland carriers, spelt as Quick Audience spells them."""

    UNICOM = "UNICOM"
    MOBILE = "MOBILE"
    TELCOM = "TELCOM"


class ReviewStatus(StrEnum):
    """The state of a signature's or template's review, at the vendor or at one carrier."""

    PENDING = "pending"
    APPROVED = "approved"
    PARTIAL = "partial"  # digital templates only: some carriers approved
    REJECTED = "rejected"

    @property
    def sendable(self) -> bool:
        """True when it may be sent with, at least to some carriers."""
        return self in SENDABLE


SENDABLE = frozenset({ReviewStatus.APPROVED, ReviewStatus.PARTIAL})
"""A signature or template that may be sent with, at least to some carriers."""

UNDER_REVIEW = frozenset({ReviewStatus.PENDING, ReviewStatus.PARTIAL})
"""A review that is not over, at one carrier at least."""


class MessageStatus(IntEnum):
    """Where a message stands. Values are ranks: a message only climbs, and a final status stays.

    But for one that was called: proved absent, or sent again by a decision, it is QUEUED once more.
    """

    QUEUED = 0
    CALLING = 10  # the vendor was called and its outcome is not known (yet)
    ACCEPTED = 20
    DELIVERED = 30
    UNDELIVERABLE = 31
    EXPIRED = 32  # the vendor or the carrier delivers it no more
    REJECTED = 33
    UNKNOWN = 34  # nobody knows whether it arrived: the deadline passed, or the vendor says so
    UNSENT = 35  # the bridge never handed it to a vendor

    @property
    def final(self) -> bool:
        """True when the message has come to its end and Quick Audience is told."""
        return self in FINAL


OPEN = frozenset({MessageStatus.QUEUED, MessageStatus.CALLING, MessageStatus.ACCEPTED})
"""A message that may still change."""

FINAL = frozenset(MessageStatus) - OPEN
"""A message that has ended. All are higher than every open one: see FIRST_FINAL."""

UNDECIDED = frozenset({MessageStatus.ACCEPTED, MessageStatus.UNKNOWN})
"""What a plugin may tell of a message whose status the vendor does not document."""

FAILED = FINAL - {MessageStatus.DELIVERED}
"""A message that has ended without a proof that it arrived."""

FIRST_FINAL = min(FINAL)
"""The lowest final status: what is below it is open."""

ANSWERED = frozenset(MessageStatus) - {MessageStatus.QUEUED, MessageStatus.CALLING}
"""A message of which more is known than that it was handed over."""

REPORTED = frozenset(
    {
        MessageStatus.DELIVERED,
        MessageStatus.UNDELIVERABLE,
        MessageStatus.EXPIRED,
        MessageStatus.REJECTED,
    }
)
"""The ends that a vendor tells; the others are the bridge's own."""

MAY_HAVE_ARRIVED = frozenset(MessageStatus) - {
    MessageStatus.QUEUED,
    MessageStatus.REJECTED,
    MessageStatus.UNSENT,
}
"""A message that the person may have received; it counts in a frequency cap."""


class Outcome(StrEnum):
    """What became of one message in one call to the vendor."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


AFTER_CALL = {
    Outcome.ACCEPTED: MessageStatus.ACCEPTED,
    Outcome.REJECTED: MessageStatus.REJECTED,
    Outcome.UNKNOWN: MessageStatus.CALLING,
}
"""Where a message stands after a call with this outcome. One that was NOT_SENT is sent again instead."""
