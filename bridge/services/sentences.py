"""What a code says, in a sentence: the bridge's own codes, then the carriers'."""

from bridge import logs
from bridge.plugin import MessageStatus
from bridge.plugin.codes import CodeKind, explain

CANCELLED = "CANCELLED"
VENDOR_REJECTED = "VENDOR_REJECTED"
CANCELLED_SENTENCE = "The campaign was cancelled before the message was handed to the vendor."

OWN = {
    CANCELLED: CANCELLED_SENTENCE,
    "CARRIER_NOT_APPROVED": "The recipient's carrier did not approve this template.",
    "FREQUENCY_CAP": "The recipient was sent as many messages as the channel allows.",
    "INVALID_NUMBER": "The number cannot be sent to.",
    "INVALID_TEXT": "A value holds characters that cannot be sent.",
    "LIMIT_EXCEEDED": "The send was limited to fewer recipients than it listed.",
    "MISSING_VARIABLE": "The recipient has no value for a variable of the template.",
    "NOT_SENT_IN_TIME": "The message could not be sent in time.",
    "NO_RECEIPT": "The vendor took the message but never reported what became of it.",
    "OUTCOME_UNKNOWN": "It is not known whether the vendor took the message; it was not sent again.",
    "QUIET_HOURS": "Messages of this kind are not sent at this hour.",
    "SUPPRESSED": "The recipient has opted out or is on the suppression list.",
    VENDOR_REJECTED: "The vendor refused the message.",
}
OWN_REFUSALS = frozenset(OWN) - {VENDOR_REJECTED}
"""What ends a message without a word of its vendor."""


def never_called(status: int, code: str) -> bool:
    """Return True for a message that ended before any vendor was called with it."""
    return status == MessageStatus.UNSENT or (status == MessageStatus.REJECTED and code in OWN_REFUSALS)


def needs_words(code: str) -> bool:
    """Return True for a code that only its vendor's own words explain."""
    return code not in OWN and explain(code).kind is CodeKind.UNCLASSIFIED


def sentence(code: str, words: str = "") -> str:
    """Return what a code means; `words` are the vendor's own, for a code that nobody else explains."""
    if code in OWN:
        return OWN[code]
    return logs.masked(words) if words and needs_words(code) else explain(code).sentence
