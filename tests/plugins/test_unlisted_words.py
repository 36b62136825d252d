"""A vendor's word for a message's state that is in no table: it ends nothing, and is told and counted."""

import json
import logging
from collections.abc import Callable

import pytest

from bridge.plugin import DeliveryReceipt, MessageStatus
from bridge_aliyun import reports as aliyun
from bridge_sandbox import reading as sandbox
from bridge_twilio.reports import Reports


def of_aliyun(word: str) -> DeliveryReceipt:
    [receipt] = aliyun.parse(json.dumps([{"success": word, "biz_id": "b"}]).encode()).receipts
    return receipt


def of_aliyun_international(word: str) -> DeliveryReceipt:
    [receipt] = aliyun.parse(json.dumps([{"MessageId": "m", "Status": word}]).encode()).receipts
    return receipt


def of_twilio(word: str) -> DeliveryReceipt:
    report = Reports().read(word, "")
    return DeliveryReceipt(report.status, code=report.code, unlisted=report.unlisted)


def of_sandbox(word: str) -> DeliveryReceipt:
    entry = {"code": word, "ref": "", "batch_ref": "", "id": "i", "to": "13800138000", "at": 0}
    return sandbox.receipt(entry)


READERS: dict[str, tuple[Callable[[str], DeliveryReceipt], str, str]] = {
    "aliyun": (of_aliyun, "false", "success={}"),
    "aliyun international": (of_aliyun_international, "2", "Status={}"),
    "twilio": (of_twilio, "undelivered", "{}"),
    "sandbox": (of_sandbox, "UNDELIV", "{}"),
}


@pytest.mark.parametrize(("read", "listed", "shown"), READERS.values(), ids=READERS)
def test_a_word_in_no_table_is_told_once_and_ends_nothing(
    read: Callable[[str], DeliveryReceipt], listed: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It proves that the vendor has the message, and no more."""
    caplog.set_level(logging.WARNING)
    word = f"vanished-{shown[:4].strip('{}=')}"
    receipts = [read(word) for _ in range(3)]
    assert {(one.status, one.unlisted, one.opted_out) for one in receipts} == {
        (MessageStatus.ACCEPTED, shown.format(word), False)
    }
    told = [record for record in caplog.records if word in record.getMessage()]
    assert len(told) == (3 if read is of_twilio else 1), "Twilio's reader is new each time here"
    assert (read(listed).status, read(listed).unlisted) == (MessageStatus.UNDELIVERABLE, "")
