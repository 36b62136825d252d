"""The simulated Quick Audience refuses every callback that is not exactly as the contract says."""

from typing import Any

import pytest

from bridge.simulator.inspection import (
    CallbackRefused,
    Rules,
    authenticate,
    read_receipts,
    read_replies,
)

from .pushing import KEY, java_signature, receipt, receipts_body, replies_body, reply, signed

NOW = 1_631_865_523
TIME = str(NOW)
NONCE = "2e6eceb5737b473284c930c8ef79090e"
GOOD = "76c2f3ad3270f0f4b4299563071a996ee641eae9f302880644c4b5ffd6ebd9d9"
QUERY = f"timestamp={TIME}&nonce={NONCE}"
JSON = "application/json"


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        ("123456789", "459fa2f7e79389c337e6b2077538fb9408241e79715b2f40dfa6c2757e2ecce8"),
        ("qa-secret", GOOD),
        ("_under", java_signature("_under", TIME, NONCE)),
        ("my secret key", "30ee74be839027ea69354d1eac9b9470a77ea2af47a5b23513001db245a7d796"),
        ("密钥2024", "d19354e1df6eaf712a43b4eb32bd4be7d47c00b046ffac24d3a04eca87ada3dd"),
    ],
)
def test_signatures_of_the_contracts_java_code_pass(key: str, signature: str) -> None:
    headers = {"x-qa-hmac-signature": signature}
    assert authenticate(Rules(key), QUERY, headers, NOW) == signature


@pytest.mark.parametrize(
    ("query", "signature", "status", "words"),
    [
        ("", GOOD, 401, "timestamp and nonce"),
        (f"timestamp={TIME}", GOOD, 401, "timestamp and nonce"),
        (f"{QUERY}&nonce={NONCE}", GOOD, 401, "once each"),
        (f"{QUERY}&more=1", GOOD, 401, "nothing else"),
        (f"timestamp=&nonce={NONCE}", GOOD, 401, "10 digits"),
        (f"timestamp={TIME}123&nonce={NONCE}", GOOD, 401, "10 digits"),
        (f"timestamp={TIME}&nonce={NONCE[:31]}", GOOD, 401, "32 characters"),
        (f"timestamp={NONCE}&nonce={TIME}", GOOD, 401, "10 digits"),
        (f"timestamp={TIME[:9]}&nonce=3{NONCE}", GOOD, 401, "10 digits"),
        (QUERY, None, 401, "missing"),
        (QUERY, "", 401, "does not match"),
        (QUERY, GOOD[:-1] + "0", 401, "does not match"),
        (QUERY, GOOD.upper(), 401, "does not match"),
        *(
            (proof[0], proof[1], 403, "too far")
            for proof in (signed(KEY, str(NOW - 301), NONCE), signed(KEY, str(NOW + 301), NONCE))
        ),
    ],
)
def test_a_wrong_proof_is_refused(query: str, signature: str | None, status: int, words: str) -> None:
    headers = {} if signature is None else {"x-qa-hmac-signature": signature}
    with pytest.raises(CallbackRefused, match=words) as caught:
        authenticate(Rules(KEY), query, headers, NOW)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("headers", "passes"),
    [({"x-qa-hmac-signature": ""}, True), ({}, False), ({"x-qa-hmac-signature": GOOD}, False)],
)
def test_without_a_key_the_header_is_present_and_empty(headers: dict[str, str], passes: bool) -> None:
    if passes:
        assert authenticate(Rules(""), QUERY, headers, NOW) == NONCE
    else:
        with pytest.raises(CallbackRefused):
            authenticate(Rules(""), QUERY, headers, NOW)


def without(field: str) -> dict[str, Any]:
    entry = receipt()
    del entry[field]
    return entry


FAILURE = {"sendStatus": "1", "errCode": "MK:0001", "message": "The number does not exist."}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON in UTF-8"),
        (b"[]", "one field"),
        (b'{"thirdSmsSendReplyModelList":[]}', "one field"),
        (receipts_body()[:-1] + b',"more":1}', "one field"),
        (receipts_body(), "1 to 3 entries"),
        (receipts_body(*[receipt(str(n)) for n in range(4)]), "1 to 3 entries"),
        (b'{"thirdSmsSendDetailModelList":{}}', "1 to 3 entries"),
        (receipts_body("entry"), "exactly the fields"),
        *((receipts_body(without(field)), "exactly the fields") for field in receipt()),
        (receipts_body(receipt(extra="1")), "exactly the fields"),
        (receipts_body(receipt(outId=7)), "outId is not a string"),
        (receipts_body(receipt(outId="")), "outId is empty"),
        (receipts_body(receipt(), receipt("2", outId="task-2")), "same outId"),
        (receipts_body(receipt() | {"phoneNum": 15400000001}), "phoneNum is not a string"),
        (receipts_body(receipt("")), "phoneNum is empty"),
        (receipts_body(receipt(sendStatus=2)), "sendStatus"),
        (receipts_body(receipt(sendStatus="3")), "sendStatus"),
        (receipts_body(receipt(sendStatus=True)), "sendStatus"),
        (receipts_body(receipt(sendDate=None)), "sendDate is not a string"),
        (receipts_body(receipt(sendDate="")), "sendDate is empty"),
        (receipts_body(receipt(sendDate="2026-11-20T10:00:00")), "sendDate is not a date"),
        (receipts_body(receipt(receiveDate="2026-11-20 10:00:00.000")), "receiveDate is not a date"),
        (receipts_body(receipt(receiveDate="2026-02-30 10:00:00")), "receiveDate is not a date"),
        (receipts_body(receipt(errCode="DELIVRD")), "errCode must be DELIVERED"),
        (receipts_body(receipt(errCode=0)), "errCode is not a string"),
        (receipts_body(receipt(message=None)), "message is not a string"),
        (receipts_body(receipt(**FAILURE | {"errCode": "DELIVERED"})), "errCode must be DELIVERED"),
        (receipts_body(receipt(**FAILURE | {"errCode": ""})), "errCode is empty"),
        (receipts_body(receipt(**FAILURE | {"message": ""})), "message is empty"),
    ],
)
def test_a_wrong_receipt_push_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(CallbackRefused, match=words) as caught:
        read_receipts(Rules(KEY, push_limit=3), JSON, body)
    assert caught.value.status == 400


def test_right_receipts_are_read() -> None:
    body = receipts_body(receipt("15400000001"), receipt("15400000002", **FAILURE))
    first, second = read_receipts(Rules(KEY), f"{JSON}; charset=utf-8", body)
    assert first == (
        "task-1",
        "15400000001",
        True,
        "2026-11-20 10:00:00",
        "2026-11-20 10:00:03",
        "DELIVERED",
        "",
    )
    assert (second.delivered, second.code, second.message) == (False, *list(FAILURE.values())[1:])


@pytest.mark.parametrize(("status", "passes"), [(2, True), (1, False), ("2", False), (True, False)])
def test_the_status_may_be_switched_to_an_integer(status: object, passes: bool) -> None:
    rules = Rules(KEY, send_status="integer")
    body = receipts_body(receipt(sendStatus=status))
    if passes:
        assert read_receipts(rules, JSON, body)[0].delivered
    else:
        with pytest.raises(CallbackRefused):
            read_receipts(rules, JSON, body)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(CallbackRefused, match="Content-Type"):
        read_receipts(Rules(KEY), content_type, receipts_body(receipt()))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (receipts_body(receipt()), "one field"),
        (replies_body(), "1 to 500 entries"),
        (replies_body(reply(extra="1")), "exactly the fields"),
        (replies_body(reply(sendTime="20 Nov 2026")), "sendTime is not a date"),
        (replies_body(reply(outId=None)), "outId is not a string"),
        (replies_body(reply(outId="")), "outId is empty"),
        (replies_body(reply("")), "phoneNum is empty"),
        (replies_body(reply(content=None)), "content is not a string"),
    ],
)
def test_a_wrong_reply_push_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(CallbackRefused, match=words):
        read_replies(Rules(KEY), JSON, body)


def test_replies_of_several_out_ids_may_share_a_push() -> None:
    replies = read_replies(Rules(KEY), JSON, replies_body(reply(), reply(outId="task-2", content="")))
    assert [(entry.out_id, entry.content) for entry in replies] == [("task-1", "好的"), ("task-2", "")]
