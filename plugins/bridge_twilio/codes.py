"""Twilio's codes and words: those of answers, those of status callbacks, apart from each other.

Sources: the page of each code under twilio.com/docs/api/errors, and twilio.com/docs/messaging, read 2026-11,
and the API definitions of SDK 9.13. Codes marked "from memory" have no page that we read: they may have been
accepted, are never sent again and end nobody. Twilio warns that codes may be split or renumbered, so a code
that is not listed may have been accepted, too, and a channel may overrule any class (`error_classes`).
"""

from collections.abc import Mapping
from typing import NamedTuple

from bridge.plugin import Consequence, MessageStatus, ReviewStatus


class Meaning(NamedTuple):
    """A code's consequence and the sentence a marketer reads."""

    consequence: Consequence
    reason: str


_THROTTLED, _REJECTED, _ACCOUNT = Consequence.THROTTLED, Consequence.REJECTED, Consequence.ACCOUNT
_SET_UP, _UNKNOWN = Consequence.CONFIGURATION, Consequence.UNKNOWN

OPTED_OUT = 21610
TOO_MANY_REQUESTS = 20429
QUEUE_FULL = 21611
QUEUE_FULL_WAIT_S = 600.0
"""A sender's queue holds ten hours' worth of segments: a short wait changes nothing."""

SUBMIT: Mapping[int, Meaning] = {
    10001: Meaning(_ACCOUNT, "The Twilio account is not active."),
    20003: Meaning(_ACCOUNT, "Twilio refused the credentials."),
    20005: Meaning(_ACCOUNT, "The Twilio account is not active."),
    20404: Meaning(_ACCOUNT, "The Twilio account was not found."),
    TOO_MANY_REQUESTS: Meaning(_THROTTLED, "Twilio asked to slow down."),
    21211: Meaning(_REJECTED, "The number is not valid."),
    21212: Meaning(_ACCOUNT, "The sender is not valid."),
    21408: Meaning(_SET_UP, "The Twilio account is not enabled for the recipient's country."),
    21602: Meaning(_REJECTED, "The message has no text."),
    21606: Meaning(_ACCOUNT, "The sender does not belong to the Twilio account or cannot send messages."),
    21608: Meaning(_REJECTED, "A Twilio trial account sends to verified numbers only."),
    21609: Meaning(_ACCOUNT, "Twilio cannot use the bridge's public URL for status callbacks."),
    OPTED_OUT: Meaning(Consequence.OPTED_OUT, "The recipient has opted out."),
    QUEUE_FULL: Meaning(_THROTTLED, "The sender's queue at Twilio is full."),
    21612: Meaning(_REJECTED, "The sender cannot reach the recipient."),
    21614: Meaning(_REJECTED, "The number is not a mobile number."),
    21617: Meaning(_REJECTED, "The text is longer than 1600 characters."),
    21619: Meaning(_REJECTED, "The message has neither text nor media."),
    21620: Meaning(_REJECTED, "The address of the media is not valid."),
    21623: Meaning(_REJECTED, "Too many media, or one of them has no valid address."),
    21635: Meaning(_REJECTED, "The number is a landline."),
    21655: Meaning(_SET_UP, "Twilio does not know the template's content."),
    21656: Meaning(_REJECTED, "A variable is empty or holds characters that Twilio refuses."),
    21658: Meaning(_REJECTED, "The text or a value is longer than 1600 characters."),
    21659: Meaning(_ACCOUNT, "The sender is not a Twilio number."),
    21660: Meaning(_ACCOUNT, "The sender belongs to another Twilio account."),
    21661: Meaning(_ACCOUNT, "The sender cannot send messages."),
    21701: Meaning(_ACCOUNT, "The Twilio account has no such messaging service."),
    21703: Meaning(_UNKNOWN, "The messaging service has no senders."),  # from memory
    21704: Meaning(_UNKNOWN, "The messaging service is disabled."),  # from memory
    21705: Meaning(_ACCOUNT, "The messaging service is not valid."),
    63003: Meaning(_REJECTED, "The recipient cannot be reached on this channel."),
    63007: Meaning(_ACCOUNT, "The WhatsApp sender is not connected to the Twilio account."),
    63016: Meaning(_UNKNOWN, "WhatsApp takes only approved templates outside a conversation."),  # from memory
    63017: Meaning(_THROTTLED, "The account sends faster than Twilio allows."),
    63018: Meaning(_THROTTLED, "The WhatsApp sender's rate is used up."),
    63038: Meaning(_ACCOUNT, "The Twilio account has sent as many messages as it may in 24 hours."),
    90010: Meaning(_ACCOUNT, "The Twilio account is not active."),
}
OF_ONE_RECIPIENT = frozenset({21408})
"""Configuration codes that others of a batch need not meet: those to other countries."""

DELIVERY: Mapping[int, str] = {
    OPTED_OUT: "The recipient has opted out.",
    30001: "The sender's queue at Twilio overflowed; the message was not sent.",
    30002: "The Twilio account is suspended.",
    30003: "The handset is off or out of coverage.",
    30004: "The carrier or the recipient blocks the message.",
    30005: "The number is unknown or no longer in use.",
    30006: "The number is a landline or its carrier cannot be reached.",
    30007: "A carrier filtered the message.",
    30008: "The carrier gave no cause.",
    30009: "A part of the message was lost.",
    30010: "The message costs more than its highest price.",
    30011: "The recipient's carrier or country takes no MMS.",
    30012: "The message's validity period is too short.",
    30032: "The toll-free number is not verified.",
    30034: "The number is not registered for A2P 10DLC.",
    30036: "The message waited longer than its validity period.",
    63003: "The recipient cannot be reached on this channel.",
    63014: "The recipient blocks the sender or has opted out.",
    63016: "WhatsApp takes only approved templates outside a conversation.",
    63018: "The WhatsApp sender's rate is used up.",
    63038: "The Twilio account has sent as many messages as it may in 24 hours.",
}
DELIVERY_OPTED_OUT = frozenset({OPTED_OUT})
"""63014 is no proof: it says that the recipient blocks the sender or opted out, not which."""
EXPIRED = frozenset({30036})
ACCOUNT_FAULTS = frozenset({30002, 30032, 30034, 63038})
"""Delivery failures that every message will meet until a person acts: worth an alarm."""

# "sent" means handed to the carrier, no more; some carriers never report further.
STATUS: Mapping[str, MessageStatus] = {
    "accepted": MessageStatus.ACCEPTED,
    "scheduled": MessageStatus.ACCEPTED,
    "queued": MessageStatus.ACCEPTED,
    "sending": MessageStatus.ACCEPTED,
    "sent": MessageStatus.ACCEPTED,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "partially_delivered": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERABLE,
    "failed": MessageStatus.UNDELIVERABLE,
    "canceled": MessageStatus.UNDELIVERABLE,
}

CAMPAIGN: Mapping[str, ReviewStatus] = {
    "VERIFIED": ReviewStatus.APPROVED,
    "FAILED": ReviewStatus.REJECTED,
}
BRAND: Mapping[str, ReviewStatus] = {
    "APPROVED": ReviewStatus.APPROVED,
    "FAILED": ReviewStatus.REJECTED,
    "SUSPENDED": ReviewStatus.REJECTED,
    "DELETION_PENDING": ReviewStatus.REJECTED,
    "DELETION_FAILED": ReviewStatus.REJECTED,
}
TOLL_FREE: Mapping[str, ReviewStatus] = {
    "TWILIO_APPROVED": ReviewStatus.APPROVED,
    "TWILIO_REJECTED": ReviewStatus.REJECTED,
}
WHATSAPP: Mapping[str, ReviewStatus] = {
    "unsubmitted": ReviewStatus.PENDING,
    "received": ReviewStatus.PENDING,
    "pending": ReviewStatus.PENDING,
    "approved": ReviewStatus.APPROVED,
    "rejected": ReviewStatus.REJECTED,
    "paused": ReviewStatus.REJECTED,
    "disabled": ReviewStatus.REJECTED,
}


def fault(status: int, code: int | None, overrides: Mapping[int, Consequence]) -> Meaning:
    """Class an error answer to a submission. Returns its consequence and a sentence.

    The code decides, the status only where the code is not listed.
    """
    code = code or status
    known = SUBMIT.get(code)
    if code in overrides:
        return Meaning(overrides[code], known.reason if known else _unexplained(code))
    return known or _by_status(status, code)


def _by_status(status: int, code: int) -> Meaning:
    if status == 429:
        return SUBMIT[TOO_MANY_REQUESTS]
    # A 404 without a code of Twilio's may be a gateway's: it proves nothing.
    if status in (401, 403):
        return Meaning(_ACCOUNT, f"Twilio refused the account or its address (HTTP {status}).")
    if status >= 500 or status == 408 or status < 400:
        # Twilio, or a gateway in front of it that redirects, may have taken the message before it failed.
        return Meaning(_UNKNOWN, "Twilio answered with an error of its own.")
    return Meaning(_UNKNOWN, _unexplained(code))


def _unexplained(code: int) -> str:
    return f"Twilio answered with error {code}, which the bridge does not know."


def delivery_reason(code: str) -> str:
    """Explain the code of a failed delivery. Returns a sentence, or "" to let the bridge explain it."""
    return DELIVERY.get(int(code), "") if code.isascii() and code.isdigit() and len(code) < 10 else ""
