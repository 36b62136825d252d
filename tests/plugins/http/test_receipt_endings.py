"""How a report says that a message ended: by its word, its code, and the reason that people read."""

import json
from pathlib import Path

import pytest

from bridge.plugin import MessageStatus

from .test_reports import ONE, RECEIPT, read, request, vendor_with

CODES = """
[receipt_codes]
OLD = { status = "expired", message = "It is too old." }
LEFT = { class = "opted_out" }
LOST = { status = "unknown" }
"""
SAYS = RECEIPT.replace('code = "code"', 'code = "code"\nmessage = "why"')
DELIVERED, FAILED, EXPIRED = MessageStatus.DELIVERED, MessageStatus.UNDELIVERABLE, MessageStatus.EXPIRED
OPEN, UNKNOWN = MessageStatus.ACCEPTED, MessageStatus.UNKNOWN
NOBODY = "The vendor reports that nobody knows whether the message arrived."

# word, code, what the vendor says -> status, reason, opted out
ENDINGS = [
    ("ok", "0", "", DELIVERED, "", False),
    ("ok", "0", "no error", DELIVERED, "", False),
    ("ok", "OLD", "failed twice before", DELIVERED, "", False),
    ("ok", "LEFT", "x", DELIVERED, "", False),
    ("bad", "1", "busy", FAILED, "busy", False),
    ("bad", "OLD", "busy", EXPIRED, "It is too old.", False),
    ("bad", "LEFT", "", FAILED, "", True),
    ("bad", "LOST", "", UNKNOWN, NOBODY, False),
    ("odd", "1", "", UNKNOWN, NOBODY, False),
    ("odd", "1", "no report came", UNKNOWN, "no report came", False),
    ("odd", "OLD", "", EXPIRED, "It is too old.", False),
    ("odd", "LEFT", "", UNKNOWN, NOBODY, True),
    ("wait", "OLD", "", EXPIRED, "It is too old.", False),
    ("wait", "1", "", OPEN, "", False),
    ("new word", "OLD", "", EXPIRED, "It is too old.", False),
]


@pytest.mark.parametrize(("word", "code", "why", "status", "reason", "left"), ENDINGS)
def test_word_and_code_decide_together(
    tmp_path: Path, word: str, code: str, why: str, status: MessageStatus, reason: str, left: bool
) -> None:
    """A delivery has no reason; what nobody knows says so."""
    tables = SAYS.format(decode='"json"', guard="allow_unsigned = true", path="@", more="")
    vendor = vendor_with(tmp_path, tables + CODES)
    (receipt,) = read(vendor, request(json.dumps({**ONE, "state": word, "code": code, "why": why})))
    assert (receipt.status, receipt.reason, receipt.opted_out) == (status, reason, left)
