"""How a report says that a message ended: by its word, its code, and the reason that people read."""

import json
from pathlib import Path

import pytest

from bridge.plugin import MessageStatus
from bridge_http.bench import Bench
from bridge_http.describing import read_webhook
from bridge_http.language.paths import choose
from bridge_http.schema import Sample

from .test_reports import ONE, RECEIPT, read, request, vendor_with

RECIPES = Path(__file__).parents[3] / "config" / "recipes"
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


TABLE = {"OK": "delivered", "E2*": "failed", "e20*": "expired", "E200": "pending", "*": "ignore"}
# word -> entry
WORDS = [
    ("ok", "delivered"),
    ("E200", "pending"),
    ("e2001", "expired"),
    ("E21", "failed"),
    ("E2", "failed"),
    ("E1", "ignore"),
    ("", None),
]


@pytest.mark.parametrize(("word", "entry"), WORDS)
def test_the_nearest_family_decides(word: str, entry: str | None) -> None:
    """The word itself first, then its longest family; no word at all is in none."""
    assert choose(TABLE, word) == entry


FORM = "Content-Type: application/x-www-form-urlencoded\n\n"
JSON = "Content-Type: application/json\n\n"
HUAWEI = "smsMsgId=i&total=1&sequence=1&extend=b1&to=%2B8613800138000"
HUAWEI_LIST = '{"statusReportList":[{"smsMsgId":"i","extend":"b1","to":"+8613800138000"%s}]}'
VOLCENGINE = '[{"message_id":"3","ext":"b1","mobile":"13800138000","description":"DELIVRD"%s}]'
CHUANGLAN = "GET /receipt?msgid=240101&uid=b1&mobile=13800138000"
JASMIN = f"POST /receipt?ref=m1\n{FORM}id=1&level=1&connector=c"
# recipe, a report that says nothing, or nothing that is known to be the last
OPEN_REPORTS = [
    *[
        (recipe, report)
        for recipe in ("huawei", "huawei_wsse")
        for report in (
            f"POST /receipt\n{FORM}{HUAWEI}",
            f"POST /receipt\n{FORM}{HUAWEI}&status=",
            f"POST /receipt\n{FORM}{HUAWEI}&status=SENT",
            f"POST /receipt\n{JSON}{HUAWEI_LIST % ''}",
            f"POST /receipt\n{JSON}" + HUAWEI_LIST % ',"status":null',
        )
    ],
    ("volcengine", f"POST /receipt\n{JSON}{VOLCENGINE % ''}"),
    ("volcengine", f"POST /receipt\n{JSON}" + VOLCENGINE % ',"status_code":null'),
    ("volcengine", f"POST /receipt\n{JSON}" + VOLCENGINE % ',"status_code":" "'),
    *[
        (recipe, CHUANGLAN + word + "\n")
        for recipe in ("chuanglan_v1", "chuanglan_v2")
        for word in ("", "&status=", "&status=+", "&status=ENROUTE")
    ],
    ("jasmin", JASMIN),
    ("jasmin", f"{JASMIN}&message_status="),
    ("jasmin", f"{JASMIN}&message_status=SCHEDULED"),
    ("jasmin", f"{JASMIN}&message_status=ENROUTE"),
    ("jasmin", f"{JASMIN}&message_status=SKIPPED"),
]


@pytest.mark.parametrize(("recipe", "report"), OPEN_REPORTS)
def test_a_report_that_says_nothing_ends_nothing(recipe: str, report: str) -> None:
    """Only a word that is known to be the last ends a message."""
    bench = Bench.for_sample(RECIPES / f"{recipe}.toml", Sample(name="open", webhook=report))
    (receipt,) = bench.vendor.parse_webhook(bench.channel, read_webhook(report)).receipts
    assert receipt.status is OPEN
