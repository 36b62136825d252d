"""The caller: each of the twelve calls as Quick Audience sends it, each answer read strictly."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from bridge.simulator import (
    BridgeRefused,
    ContractBroken,
    DigitalForm,
    Line,
    Marketer,
    NoAnswer,
    QuickAudience,
    TemplateForm,
)
from bridge.simulator.timing import Timing

from .pushing import java_signature

PREFIX = "https://sms.example.com/promo"
KEY = "qa-secret"
NOW = 1_631_865_523.9

ENVELOPE = {"platformName": "Acme SMS", "code": "OK", "message": "OK", "requestId": "r-1"}
CODE = {"templateCode": "T1"}
REVIEW = {"createDate": "2026-11-20 10:00:00", "reason": "No review comments"}
TEXT = TemplateForm("Greeting", "您好${name}", 2, "Weekly")
DIGITAL = DigitalForm(
    "Coupon", "演示", (("jpg", "a", "https://x.example/a.jpg"), ("txt", "", "${name}")), "New"
)
START = datetime(2026, 11, 20, 2, 0, 0, tzinfo=UTC)
VALUES: dict[str, str | int] = {"name": "李雷", "age": 12}
LIST = ("task-1", ["15400000001"], [VALUES], "演示", "T1")
LIST_BODY = {
    "limit": 0,
    "relatedAudienceId": "1024",
    "relatedTaskId": "2048",
    "relatedTaskType": 1,
    "taskCreatorAccount": "marketer@example.com",
    "outId": "task-1",
    "signName": "演示",
    "templateCode": "T1",
    "phoneNumberJson": ["15400000001"],
    "templateParamJson": [VALUES],
}
TEXT_BODY = {
    "remark": "Weekly",
    "templateContent": "您好${name}",
    "templateName": "Greeting",
    "templateSubject": "Greeting",
    "templateType": 2,
}
PARTS = [
    {
        "fileSuffix": "jpg",
        "fileName": "a",
        "fileSize": "23",
        "fileContents": "https://x.example/a.jpg",
        "index": "1",
    },
    {"fileSuffix": "txt", "fileName": "", "fileSize": "7", "fileContents": "${name}", "index": "2"},
]
DIGITAL_BODY = {
    "remark": "New",
    "templateContent": json.dumps(PARTS),
    "templateTheme": "Coupon",
    "templateSubject": "Coupon",
    "smsSignName": "演示",
    "creatorAccount": "marketer@example.com",
    "isVariable": True,
}
ACCOUNT = "marketer@example.com"
FACTORY = json.dumps({"UNICOM": "Success", "MOBILE": "Success", "TELCOM": "No"})
SIGN = {**REVIEW, "signName": "演示", "signStatus": 1}
TEMPLATE = {
    **REVIEW,
    **CODE,
    "templateContent": "您好",
    "templateName": "Greeting",
    "templateStatus": 0,
    "templateType": 2,
}
DIGITAL_TEMPLATE = {
    **REVIEW,
    **CODE,
    "supportFactory": FACTORY,
    "templateName": "Coupon",
    "templateStatus": 2,
}
ROW = {
    "content": "您好",
    "errCode": "DELIVERED",
    "outId": "task-1",
    "phoneNum": "15400000001",
    "receiveDate": "2026-11-20 10:00:03",
    "sendDate": "2026-11-20 10:00:00",
    "sendStatus": 2,
    "templateCode": "T1",
}
DETAILS = {"sendDetailDTOs": [ROW], "totalCount": 1}
DETAILS_BODY = {
    "outId": "task-1",
    "currentPage": 3,
    "pageSize": 1000,
    "startDate": "2026-11-20 10:00:00",
    "endDate": "2026-11-20 11:00:00",
}
FILE_BODY = {
    "limit": 5,
    "outId": "task-1",
    "phoneOssUrl": "https://oss.example/p.txt",
    "signName": "演示",
    "templateCode": "T1",
    "isVariable": 1,
}

Call = Callable[[QuickAudience], Any]


def details(qa: QuickAudience) -> Any:
    return qa.send_details("task-1", 3, START, START + timedelta(hours=1))


def send_file(qa: QuickAudience) -> str:
    return qa.send_file("task-1", "https://oss.example/p.txt", "演示", "T1", variables=True, limit=5)


CALLS: dict[str, tuple[Call, str, str, Any, dict[str, Any], Any]] = {
    "1 signature": (
        lambda qa: qa.query_sign("演示 A/B"),
        "GET",
        "/promo/sms/smsSign/%E6%BC%94%E7%A4%BA%20A%2FB",
        None,
        SIGN,
        {**ENVELOPE, **SIGN},
    ),
    "2 create text": (
        lambda qa: qa.create_text_template(TEXT),
        "POST",
        "/promo/sms/smsTemplate",
        {**TEXT_BODY, "creatorAccount": ACCOUNT},
        CODE,
        "T1",
    ),
    "3 modify text": (
        lambda qa: qa.update_text_template("T1", TEXT),
        "PUT",
        "/promo/sms/smsTemplate/T1",
        {**TEXT_BODY, "modifierAccount": ACCOUNT},
        CODE,
        "T1",
    ),
    "4 query text": (
        lambda qa: qa.query_text_template("T1"),
        "GET",
        "/promo/sms/smsTemplate/T1",
        None,
        TEMPLATE,
        {**ENVELOPE, **TEMPLATE},
    ),
    "5 send by file": (send_file, "POST", "/promo/sms/sendBatch", FILE_BODY, {"bizId": "b"}, "b"),
    "6 send by list": (
        lambda qa: qa.send_list(*LIST),
        "POST",
        "/promo/sms/sendBatchList",
        LIST_BODY,
        {"bizId": "b"},
        "b",
    ),
    "7 create digital": (
        lambda qa: qa.create_digital_template(DIGITAL),
        "POST",
        "/promo/sms/digitalSmsTemplate",
        DIGITAL_BODY,
        CODE,
        "T1",
    ),
    "8 edit digital": (
        lambda qa: qa.update_digital_template("T1", DIGITAL),
        "PUT",
        "/promo/sms/digitalSmsTemplate/T1",
        DIGITAL_BODY,
        CODE,
        "T1",
    ),
    "9 delete digital": (
        lambda qa: qa.delete_digital_template("T1"),
        "DELETE",
        "/promo/sms/digitalSmsTemplate/T1",
        None,
        CODE,
        "T1",
    ),
    "10 query digital": (
        lambda qa: qa.query_digital_template("T1"),
        "GET",
        "/promo/sms/digitalSmsTemplate/T1",
        None,
        DIGITAL_TEMPLATE,
        {**ENVELOPE, **DIGITAL_TEMPLATE},
    ),
    "11 send digital": (
        lambda qa: qa.send_digital_list(*LIST),
        "POST",
        "/promo/sms/sendDigitalBatchList",
        LIST_BODY,
        {"bizId": "b"},
        "b",
    ),
    "12 details": (details, "POST", "/promo/sms/sendDetails", DETAILS_BODY, DETAILS, ([ROW], 1)),
}


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def qa(clock: Clock) -> Iterator[QuickAudience]:
    client = QuickAudience(
        PREFIX + "/",
        KEY,
        platform_name="Acme SMS",
        marketer=Marketer(task_id="2048"),
        line=Line(patience_s=10),
        timing=Timing(clock, clock.sleep),
    )
    yield client
    client.close()


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def answering(web: responses.RequestsMock, method: str, **answer: Any) -> None:
    web.add(method, url=re.compile(re.escape(PREFIX)), **answer)


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_made_as_the_contract_shows(
    name: str, qa: QuickAudience, web: responses.RequestsMock
) -> None:
    call, method, path, body, payload, result = CALLS[name]
    answering(web, method, json={**ENVELOPE, **payload})
    assert call(qa) == result
    request = web.calls[0].request
    url = urlsplit(str(request.url))
    assert url.path == path
    query = {key: values[0] for key, values in parse_qs(url.query, strict_parsing=True).items()}
    assert (set(query), query["timestamp"], len(query["nonce"])) == ({"timestamp", "nonce"}, "1631865523", 32)
    assert request.headers["X-QA-Hmac-Signature"] == java_signature(KEY, query["timestamp"], query["nonce"])
    assert request.headers["Content-Type"] == "application/json"
    assert (json.loads(request.body) if request.body else None) == body


def test_the_tables_spelling_sends_text_where_the_examples_have_numbers_and_lists(
    web: responses.RequestsMock,
) -> None:
    qa = QuickAudience(PREFIX, KEY, marketer=Marketer(task_id="2048", spelling="tables"))
    answering(web, "POST", json={**ENVELOPE, **CODE})
    answering(web, "POST", json={**ENVELOPE, "bizId": "b"})
    qa.create_text_template(TEXT)
    qa.send_list(*LIST)
    bodies = [json.loads(call.request.body or "") for call in web.calls]
    assert bodies[0]["templateType"] == "2"
    assert json.loads(bodies[1]["templateParamJson"]) == LIST_BODY["templateParamJson"]
    qa.close()


GOOD = {**ENVELOPE, **SIGN}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"body": "<html>", "content_type": "text/html"}, "without JSON"),
        ({"body": "{", "content_type": "application/json"}, "is no JSON"),
        ({"json": []}, "no JSON object"),
        ({"json": {**GOOD, "extra": 1}}, "not exactly"),
        *(({"json": {k: v for k, v in GOOD.items() if k != gone}}, "not exactly|of type") for gone in GOOD),
        ({"json": {**GOOD, "signStatus": "1"}}, "signStatus is not of type int"),
        ({"json": {**GOOD, "signStatus": True}}, "signStatus is not of type int"),
        ({"json": {**GOOD, "reason": None}}, "reason is not of type str"),
        ({"json": {**GOOD, "code": 200}}, "code is not of type str"),
        ({"json": {**GOOD, "platformName": "acme sms"}}, "platformName"),
        ({"json": {**ENVELOPE, "code": "404", "requestId": None}, "status": 404}, "requestId is not"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_told(
    answer: dict[str, Any], words: str, qa: QuickAudience, web: responses.RequestsMock
) -> None:
    answering(web, "GET", **answer)
    with pytest.raises(ContractBroken, match=words):
        qa.query_sign("演示")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**ROW, "extra": ""}, "not exactly"),
        ({**ROW, "sendStatus": "2"}, "sendStatus is not of type int"),
        ({**ROW, "sendStatus": 0}, "not 1 or 2"),
        ({**ROW, "outId": "task-2"}, "another outId"),
    ],
)
def test_a_detail_row_that_breaks_the_contract_is_told(
    row: dict[str, Any], words: str, qa: QuickAudience, web: responses.RequestsMock
) -> None:
    answering(web, "POST", json={**ENVELOPE, "sendDetailDTOs": [row], "totalCount": 1})
    with pytest.raises(ContractBroken, match=words):
        details(qa)


def test_three_carriers_review_a_digital_template(qa: QuickAudience, web: responses.RequestsMock) -> None:
    factory = json.dumps({"UNICOM": "Success", "MOBILE": "Success", "TELECOM": "No"})
    answering(web, "GET", json={**ENVELOPE, **DIGITAL_TEMPLATE, "supportFactory": factory})
    with pytest.raises(ContractBroken, match="three carriers"):
        qa.query_digital_template("T1")


@pytest.mark.parametrize(("status", "code"), [(200, "QUEUE_FULL"), (401, "401"), (404, "404")])
def test_a_refusal_in_good_form_is_told_apart(
    status: int, code: str, qa: QuickAudience, web: responses.RequestsMock
) -> None:
    answering(web, "GET", json={**ENVELOPE, "code": code, "message": "Not now."}, status=status)
    with pytest.raises(BridgeRefused, match="Not now") as caught:
        qa.query_sign("演示")
    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_call_without_an_answer_is_repeated_with_a_new_signature(
    qa: QuickAudience, web: responses.RequestsMock, clock: Clock
) -> None:
    answering(web, "POST", body=requests.ConnectionError("cut"))
    answering(web, "POST", body=requests.ReadTimeout("late"))
    answering(web, "POST", body="<html>", status=502)
    answering(web, "POST", json={**ENVELOPE, "bizId": "b"})
    assert qa.send_list(*LIST) == "b"
    sent = [call.request for call in web.calls]
    assert len({request.body for request in sent}) == 1
    assert len({request.headers["X-QA-Hmac-Signature"] for request in sent}) == 4
    assert NOW < clock.now < NOW + 10


def test_patience_ends(qa: QuickAudience, web: responses.RequestsMock, clock: Clock) -> None:
    answering(web, "GET", body=requests.ConnectionError("https://sms.example.com/15400000001"))
    with pytest.raises(NoAnswer, match=r"query_sign .* ConnectionError") as caught:
        qa.query_sign("演示")
    assert "15400000001" not in str(caught.value)
    assert 5 < clock.now - NOW <= 10
