"""Callbacks to Quick Audience: what they say, and how its answer is judged."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.contract import callbacks
from bridge.plugin import MessageStatus

SENT = datetime(2024, 1, 31, 16, 0, 0, tzinfo=UTC)
RECEIVED = datetime(2024, 1, 31, 16, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"sendStatus": "2", "errCode": "DELIVERED", "message": ""}),
        ({"send_status": "integer"}, {"sendStatus": 2}),
        ({"code": "DELIVRD"}, {"errCode": "DELIVERED"}),
        ({"phone": "+86 139-0000-1111"}, {"phoneNum": "+86 139-0000-1111"}),
        (
            {"status": MessageStatus.UNDELIVERABLE, "code": "MK:0001", "reason": "There is no such number."},
            {"sendStatus": "1", "errCode": "MK:0001", "message": "There is no such number."},
        ),
        (
            {"status": MessageStatus.EXPIRED},
            {"sendStatus": "1", "errCode": "EXPIRED", "message": "The message was not delivered (EXPIRED)."},
        ),
        (
            {"status": MessageStatus.REJECTED, "send_status": "integer", "code": "LIMIT"},
            {"sendStatus": 1, "errCode": "LIMIT"},
        ),
        ({"status": MessageStatus.UNKNOWN}, {"sendStatus": "1", "errCode": "UNKNOWN"}),
        ({"status": MessageStatus.EXPIRED, "language": "zh-CN"}, {"message": "消息未送达（EXPIRED）。"}),
        (
            {
                "status": MessageStatus.UNKNOWN,
                "code": "NO_RECEIPT",
                "reason": "The vendor took the message but never reported what became of it.",
                "language": "zh-CN",
            },
            {"errCode": "NO_RECEIPT", "message": "供应商接收了消息，但始终没有报告结果。"},
        ),
        (
            {"status": MessageStatus.REJECTED, "reason": "Blocked by Acme.", "language": "zh-CN"},
            {"message": "Blocked by Acme."},
        ),
        ({}, {"sendDate": "2024-02-01 00:00:00", "receiveDate": "2024-02-01 00:00:05"}),
        ({"sent_at": None}, {"sendDate": "2024-02-01 00:00:05", "receiveDate": "2024-02-01 00:00:05"}),
    ],
)
def test_receipt_entry(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    given: dict[str, Any] = {
        "out_id": " out-1 ",
        "phone": "13900001111",
        "status": MessageStatus.DELIVERED,
        "sent_at": SENT,
        "received_at": RECEIVED,
        "code": "",
        "reason": "",
    }
    given |= changes
    spelling = callbacks.Spelling(
        **{name: given.pop(name) for name in callbacks.Spelling._fields if name in given}
    )
    entry = callbacks.receipt_entry(callbacks.EndedMessage(**given), spelling)
    assert entry.items() >= expected.items()
    assert entry["outId"] == " out-1 "
    assert list(entry) == [
        "outId",
        "phoneNum",
        "sendStatus",
        "sendDate",
        "receiveDate",
        "errCode",
        "message",
    ]


def test_only_ends_are_reported() -> None:
    with pytest.raises(ValueError, match="ACCEPTED"):
        callbacks.receipt_entry(
            callbacks.EndedMessage("o", "1", MessageStatus.ACCEPTED, SENT, RECEIVED, "", "")
        )


def test_reply_entry() -> None:
    assert callbacks.reply_entry("o", "13900001111", SENT, "好") == {
        "outId": "o",
        "phoneNum": "13900001111",
        "sendTime": "2024-02-01 00:00:00",
        "content": "好",
    }


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        (
            "receipts",
            "thirdSmsSendDetailModelList",
            "/restapi/marketing2/third/sms/callback/send/details",
        ),
        ("replies", "thirdSmsSendReplyModelList", "/restapi/marketing2/third/sms/callback/send/reply"),
    ],
)
def test_where_and_in_what(kind: callbacks.CallbackKind, name: str, path: str) -> None:
    assert callbacks.path(kind) == path
    assert json.loads(callbacks.body(kind, [{"content": "好"}])) == {name: [{"content": "好"}]}
    for given, prefix in {
        "zhangbei": "https://quicka.aliyun.com",
        "shanghai": "https://quicka-shanghai.aliyun.com",
        "https://qa.example.com/base/": "https://qa.example.com/base",
    }.items():
        assert callbacks.url(given, kind) == prefix + path


@pytest.mark.parametrize(
    ("status", "raw", "outcome"),
    [
        (200, b'{"code":"200","message":""}', "ok"),
        (200, b'{"code":"OK"}', "ok"),
        (200, b'{"code":"ok"}', "ok"),
        (200, b'{"code":200}', "ok"),
        (201, b'{"code":"Ok"}', "ok"),
        (200, b"", "ok"),
        (204, b" \n", "ok"),
        (200, b'{"code":"401"}', "auth"),
        (200, b'{"code":403}', "auth"),
        (401, b'{"code":"OK"}', "auth"),
        (403, b"<html>", "auth"),
        (200, b'{"code":"404"}', "failed"),
        (200, b'{"code":"FAIL","message":"13900001111"}', "failed"),
        (200, b'{"code":null}', "failed"),
        (200, b"{}", "failed"),
        (200, b"[]", "failed"),
        (200, b"<html>login</html>", "failed"),
        (200, b"[" * 100_000, "failed"),
        (302, b"", "failed"),
        (404, b"", "failed"),
        (429, b"", "failed"),
        (500, b'{"code":"OK"}', "failed"),
    ],
)
def test_read_answer(status: int, raw: bytes, outcome: str) -> None:
    answer = callbacks.read_answer(status, raw)
    assert answer.outcome == outcome
    assert answer.detail
    assert "13900001111" not in answer.detail
    assert not answer.refused


@pytest.mark.parametrize(("status", "raw"), [(400, b""), (413, b""), (422, b"{}"), (200, b'{"code":400}')])
def test_an_answer_that_will_be_the_same_again_is_told_apart(status: int, raw: bytes) -> None:
    answer = callbacks.read_answer(status, raw)
    assert (answer.outcome, answer.refused) == ("failed", True)
