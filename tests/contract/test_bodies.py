"""Requests as Quick Audience may write them: one row for each thing the contract leaves open."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import fields
from bridge.contract.bodies import (
    DEFAULT_REMARK,
    Body,
    DigitalTemplateBody,
    NoBody,
    SendDetailsBody,
    SendFileBody,
    SendListBody,
    TextTemplateBody,
)
from bridge.contract.operations import OPERATIONS
from bridge.contract.refusal import Refusal
from bridge.plugin import DigitalPart, TemplateType

TEXT: dict[str, Any] = {
    "remark": "Spring sale",
    "templateContent": "Dear ${name}",
    "templateName": "Spring",
    "templateSubject": "ignored",
    "templateType": 0,
    "creatorAccount": "anna",
}
PARTS: list[dict[str, Any]] = [
    {
        "fileSuffix": "jpg",
        "fileName": "Picture",
        "fileSize": "23",
        "fileContents": "https://oss/a",
        "index": "2",
    },
    {"fileSuffix": "txt", "fileName": "", "fileSize": 10, "fileContents": " Text ", "index": 1},
]
DIGITAL: dict[str, Any] = {
    "remark": "Spring sale",
    "templateContent": PARTS,
    "templateTheme": "Theme",
    "smsSignName": "Acme",
    "creatorAccount": "anna",
    "isVariable": True,
}
LIST: dict[str, Any] = {
    "limit": 0,
    "outId": "out-1",
    "phoneNumberJson": ["13900001111"],
    "signName": "Acme",
    "templateCode": "t1",
}
FILE: dict[str, Any] = {
    "limit": 0,
    "outId": "out-1",
    "phoneOssUrl": "https://oss.example.com/numbers.txt",
    "signName": "Acme",
    "templateCode": "t1",
    "isVariable": "1",
}
DETAILS: dict[str, Any] = {
    "outId": "out-1",
    "currentPage": 0,
    "pageSize": 0,
    "startDate": "2024-01-01 00:00:00",
    "endDate": "2024-01-31 00:00:00",
}
FORMS: dict[type[Body], dict[str, Any]] = {
    TextTemplateBody: TEXT,
    DigitalTemplateBody: DIGITAL,
    SendListBody: LIST,
    SendFileBody: FILE,
    SendDetailsBody: DETAILS,
}
GONE = object()


def parsed(form: type[Body], **changes: Any) -> Any:
    """Return the form's body with some fields changed; GONE leaves one out."""
    source = {key: value for key, value in (FORMS[form] | changes).items() if value is not GONE}
    return form.parse(json.dumps(source).encode())


ACCEPTED = [
    # form, changes, attribute, what it must be
    (TextTemplateBody, {}, "type", TemplateType.CAPTCHA),
    (TextTemplateBody, {"templateType": "2"}, "type", TemplateType.PROMOTION),
    (TextTemplateBody, {"templateType": 3}, "type", TemplateType.INTERNATIONAL),
    (TextTemplateBody, {"templateType": " 1 "}, "type", TemplateType.NOTIFICATION),
    (TextTemplateBody, {"templateSubject": GONE}, "name", "Spring"),
    (TextTemplateBody, {"templateName": 12.50}, "name", "12.5"),
    (TextTemplateBody, {"templateName": "名" * 30}, "name", "名" * 30),
    (TextTemplateBody, {"templateName": "😀" * 30}, "name", "😀" * 30),
    (TextTemplateBody, {"remark": ""}, "remark", DEFAULT_REMARK),
    (TextTemplateBody, {"remark": None}, "remark", DEFAULT_REMARK),
    (TextTemplateBody, {"remark": GONE}, "remark", DEFAULT_REMARK),
    (TextTemplateBody, {"remark": "说" * 100}, "remark", "说" * 100),
    (TextTemplateBody, {"templateContent": "  two  blanks \n"}, "content", "  two  blanks \n"),
    (TextTemplateBody, {"templateContent": "文" * 500}, "content", "文" * 500),
    (TextTemplateBody, {"templateContent": "￥1.10\u0000"}, "content", "￥1.10"),
    (TextTemplateBody, {"creatorAccount": GONE, "modifierAccount": "bob"}, "account", "bob"),
    (TextTemplateBody, {"creatorAccount": "", "modifierAccount": "bob"}, "account", "bob"),
    (TextTemplateBody, {"creatorAccount": GONE}, "account", ""),
    (TextTemplateBody, {"creatorAccount": "a" * 255}, "account", "a" * 255),
    (TextTemplateBody, {"later": {"unknown": []}}, "name", "Spring"),
    (DigitalTemplateBody, {}, "name", "Theme"),
    (DigitalTemplateBody, {"templateSubject": "S", "templateName": "N"}, "name", "Theme"),
    (DigitalTemplateBody, {"templateTheme": "", "templateSubject": "S", "templateName": "N"}, "name", "S"),
    (DigitalTemplateBody, {"templateTheme": None, "templateName": "N"}, "name", "N"),
    (DigitalTemplateBody, {"smsSignName": "【Acme】"}, "sign_name", "Acme"),
    (DigitalTemplateBody, {"smsSignName": GONE, "signName": "[Other]"}, "sign_name", "Other"),
    (DigitalTemplateBody, {"smsSignName": GONE}, "sign_name", ""),
    (DigitalTemplateBody, {"creatorAccount": GONE, "modifierAccount": "bob"}, "account", "bob"),
    (SendListBody, {}, "limit", 0),
    (SendListBody, {"limit": None}, "limit", 0),
    (SendListBody, {"limit": GONE}, "limit", 0),
    (SendListBody, {"limit": ""}, "limit", 0),
    (SendListBody, {"limit": "null"}, "limit", 0),
    (SendListBody, {"limit": "50"}, "limit", 50),
    (SendListBody, {"limit": 50.0}, "limit", 50),
    (SendListBody, {"limit": 10**17}, "limit", 10**17),
    (SendListBody, {"outId": " 文 " + "x" * 253}, "out_id", " 文 " + "x" * 253),
    (SendListBody, {"outId": 12345678901234567890}, "out_id", "12345678901234567890"),
    (SendListBody, {"signName": " 【Acme】 "}, "sign_name", "Acme"),
    (SendListBody, {"signName": "[Acme]"}, "sign_name", "Acme"),
    (SendListBody, {"templateCode": 77}, "template_code", "77"),
    (SendListBody, {}, "params", []),
    (SendListBody, {"templateParamJson": '[{"price":"1.10"}]'}, "params", [{"price": "1.10"}]),
    (SendListBody, {"relatedAudienceId": None, "relatedTaskType": None}, "task", {}),
    (SendListBody, {"relatedAudienceId": "null", "relatedTaskType": "null"}, "task", {}),
    (SendListBody, {"relatedAudienceId": 12}, "task", {"relatedAudienceId": "12"}),
    (SendListBody, {"relatedAudienceId": "1,2,3"}, "task", {"relatedAudienceId": "1,2,3"}),
    (SendListBody, {"relatedTaskType": "2", "relatedTaskId": 9}, "task", {"relatedTaskType": "2"}),
    (SendListBody, {"taskCreatorAccount": "a" * 255}, "task", {"taskCreatorAccount": "a" * 255}),
    (SendFileBody, {}, "url", "https://oss.example.com/numbers.txt"),
    (SendFileBody, {"limit": "7"}, "limit", 7),
    (SendFileBody, {"signName": "【Acme】"}, "sign_name", "Acme"),
    (SendDetailsBody, {}, "page", 1),
    (SendDetailsBody, {"currentPage": None}, "page", 1),
    (SendDetailsBody, {"currentPage": "3"}, "page", 3),
    (SendDetailsBody, {}, "page_size", 100),
    (SendDetailsBody, {"pageSize": None}, "page_size", 100),
    (SendDetailsBody, {"pageSize": "1000"}, "page_size", 1000),
    (SendDetailsBody, {"pageSize": 5000}, "page_size", 1000),
    (SendDetailsBody, {}, "start", datetime(2023, 12, 31, 16, tzinfo=UTC)),
    (
        SendDetailsBody,
        {"endDate": "2024-01-02T03:04:05.678"},
        "start",
        datetime(2023, 12, 31, 16, tzinfo=UTC),
    ),
]


@pytest.mark.parametrize(("form", "changes", "attribute", "expected"), ACCEPTED)
def test_accepted(form: type[Body], changes: dict[str, Any], attribute: str, expected: Any) -> None:
    found = getattr(parsed(form, **changes), attribute)
    if isinstance(expected, dict):
        found = {key: found.get(key) for key in expected} if expected else found
    assert found == expected


@pytest.mark.parametrize("form", [SendFileBody, DigitalTemplateBody, SendListBody])
@pytest.mark.parametrize("value", [0, 1, "0", "1", True, False, "true", "false", None, GONE, "string"])
def test_is_variable_is_not_trusted(form: type[Body], value: Any) -> None:
    assert parsed(form, isVariable=value) == parsed(form)


REFUSED = [
    # form, changes, code, how the message begins
    (TextTemplateBody, {"templateContent": ""}, "MISSING_FIELD", "templateContent:"),
    (TextTemplateBody, {"templateContent": " \n"}, "MISSING_FIELD", "templateContent:"),
    (TextTemplateBody, {"templateContent": "文" * 501}, "INVALID_FIELD", "templateContent: at most 500"),
    (TextTemplateBody, {"templateContent": ["x"]}, "INVALID_FIELD", "templateContent: a text"),
    (
        TextTemplateBody,
        {"templateContent": "Hi ${ name }"},
        "INVALID_FIELD",
        "templateContent: character 4: `",
    ),
    (TextTemplateBody, {"templateName": GONE}, "MISSING_FIELD", "templateName:"),
    (
        DigitalTemplateBody,
        {"templateContent": [{"fileSuffix": "txt", "fileContents": "${"}]},
        "INVALID_FIELD",
        "templateContent: part 1, character 1: `",
    ),
    (TextTemplateBody, {"templateName": "x" * 31}, "INVALID_FIELD", "templateName: at most 30 .* has 31"),
    (TextTemplateBody, {"remark": "x" * 101}, "INVALID_FIELD", "remark: at most 100"),
    (TextTemplateBody, {"modifierAccount": "x" * 256, "creatorAccount": ""}, "INVALID_FIELD", "modifierAcc"),
    (TextTemplateBody, {"templateType": GONE}, "MISSING_FIELD", "templateType:"),
    (TextTemplateBody, {"templateType": 4}, "INVALID_FIELD", "templateType: the number must be 0 and at"),
    (TextTemplateBody, {"templateType": -1}, "INVALID_FIELD", "templateType: the number must be"),
    (TextTemplateBody, {"templateType": 1.5}, "INVALID_FIELD", "templateType: a whole number"),
    (TextTemplateBody, {"templateType": True}, "INVALID_FIELD", "templateType: a whole number"),
    (TextTemplateBody, {"templateType": "captcha"}, "INVALID_FIELD", "templateType: a whole number"),
    (DigitalTemplateBody, {"templateTheme": ""}, "MISSING_FIELD", "templateTheme:"),
    (DigitalTemplateBody, {"templateTheme": "x" * 31}, "INVALID_FIELD", "templateTheme: at most 30"),
    (DigitalTemplateBody, {"templateTheme": "", "templateSubject": "x" * 31}, "INVALID_FIELD", "templateSub"),
    (SendListBody, {"limit": -1}, "INVALID_FIELD", "limit: the number must be 0 or more"),
    (SendListBody, {"limit": "ten"}, "INVALID_FIELD", "limit: a whole number"),
    (SendListBody, {"limit": 10**18}, "INVALID_FIELD", "limit: a whole number"),
    (SendListBody, {"outId": ""}, "MISSING_FIELD", "outId:"),
    (SendListBody, {"outId": None}, "MISSING_FIELD", "outId:"),
    (SendListBody, {"outId": "x" * 257}, "INVALID_FIELD", "outId: at most 256"),
    (SendListBody, {"signName": GONE}, "MISSING_FIELD", "signName:"),
    (SendListBody, {"signName": "【 】"}, "INVALID_FIELD", "signName: the brackets hold no name"),
    (SendListBody, {"templateCode": GONE}, "MISSING_FIELD", "templateCode:"),
    (SendListBody, {"phoneNumberJson": GONE}, "MISSING_FIELD", "phoneNumberJson:"),
    (SendListBody, {"templateParamJson": [{}, {}]}, "PARAMS_MISMATCH", "templateParamJson holds .* 2 .* 1 "),
    (SendListBody, {"taskCreatorAccount": "x" * 256}, "INVALID_FIELD", "taskCreatorAccount: at most 255"),
    (SendFileBody, {"phoneOssUrl": GONE}, "MISSING_FIELD", "phoneOssUrl:"),
    (SendFileBody, {"phoneOssUrl": "x" * 2049}, "INVALID_FIELD", "phoneOssUrl: at most 2048"),
    (SendDetailsBody, {"outId": GONE}, "MISSING_FIELD", "outId:"),
    (SendDetailsBody, {"startDate": GONE}, "MISSING_FIELD", "startDate:"),
    (SendDetailsBody, {"endDate": "string"}, "INVALID_FIELD", "endDate: a date like"),
    (SendDetailsBody, {"endDate": "2024-01-31 00:00:01"}, "SPAN_TOO_LONG", ".* at most 30 days"),
    (SendDetailsBody, {"endDate": "2023-01-31 00:00:00"}, "INVALID_FIELD", "endDate: the end lies before"),
    (SendDetailsBody, {"currentPage": -1}, "INVALID_FIELD", "currentPage:"),
    (SendDetailsBody, {"currentPage": 10**10}, "INVALID_FIELD", "currentPage:"),
]


@pytest.mark.parametrize(("form", "changes", "code", "message"), REFUSED)
def test_refused(form: type[Body], changes: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(Refusal, match=f"^{code}: {message}") as caught:
        parsed(form, **changes)
    assert (caught.value.code, caught.value.status) == (code, 200)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "has no body"),
        (b"  ", "has no body"),
        (b"[]", "must be a JSON object"),
        (b'"x"', "must be a JSON object"),
        (b"{", "is not JSON"),
        (b"\xff", "not in UTF-8"),
        (b'{"a":NaN}', "is not JSON"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_unreadable(raw: bytes, message: str) -> None:
    with pytest.raises(Refusal, match=message) as caught:
        fields.document(raw)
    assert caught.value.code == "UNREADABLE_BODY"


@pytest.mark.parametrize("form", FORMS)
def test_a_lone_model_object_is_unwrapped(form: type[Body]) -> None:
    plain = json.dumps(FORMS[form]).encode()
    assert form.parse(b'{"model":' + plain + b"}") == form.parse(plain)
    assert form.parse(b"\xef\xbb\xbf" + plain) == form.parse(plain)
    with pytest.raises(Refusal):
        form.parse(b'{"model":' + plain + b',"other":1}')


def test_unexpected_names_are_told() -> None:
    source = TEXT | {"modifierAccount": "x", "colour": "red"}
    assert TextTemplateBody.unexpected(source) == {"colour"}


def test_the_contracts_table_of_operations_uses_every_form() -> None:
    assert {operation.body for operation in OPERATIONS} - {NoBody} == set(FORMS)


PART = PARTS[0]
IN_ORDER = (DigitalPart("txt", text=" Text "), DigitalPart("jpg", "Picture", url="https://oss/a"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (PARTS, IN_ORDER),
        (json.dumps(PARTS), IN_ORDER),
        ([PART | {"fileSuffix": ".JPG"}], IN_ORDER[1:]),
        ([PART | {"fileSize": None, "index": None}], IN_ORDER[1:]),
        (
            [{"fileSuffix": "mp4", "fileContents": " http://oss/b "}],
            (DigitalPart("mp4", url="http://oss/b"),),
        ),
        (
            [
                {"fileSuffix": "txt", "fileContents": text, "index": index}
                for text, index in [("b", "10"), ("a", 9)]
            ],
            (DigitalPart("txt", text="a"), DigitalPart("txt", text="b")),
        ),
        (
            [{"fileSuffix": "txt", "fileContents": text} for text in "ab"],
            (DigitalPart("txt", text="a"), DigitalPart("txt", text="b")),
        ),
    ],
)
def test_parts(value: Any, expected: tuple[DigitalPart, ...]) -> None:
    assert parsed(DigitalTemplateBody, templateContent=value).parts == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "templateContent: this field is required"),
        ("", "templateContent: this field is required"),
        (GONE, "templateContent: this field is required"),
        ("just a text", "templateContent: a list of parts"),
        ({"fileSuffix": "txt"}, "templateContent: a list of parts"),
        (
            '[{"fileSuffix":"jpg","fileContents":""url""}]',
            "templateContent: the text is not a valid JSON list",
        ),
        ([PART, "x"], "templateContent: part 2 is not an object"),
        ([PART | {"fileContents": ""}], "templateContent: part 1, fileContents: this field is required"),
        ([PART | {"fileContents": "url"}], "templateContent: part 1, fileContents: the address"),
        ([PART | {"fileSuffix": "../x"}], "templateContent: part 1, fileSuffix:"),
        ([PART | {"fileSuffix": None}], "templateContent: part 1, fileSuffix: this field is required"),
        ([PART | {"index": "first"}], "templateContent: part 1, index: a whole number"),
    ],
)
def test_parts_refused(value: Any, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        parsed(DigitalTemplateBody, templateContent=value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(form=st.sampled_from(list(FORMS)), data=st.data())
def test_whatever_comes_is_read_or_refused(form: type[Body], data: st.DataObject) -> None:
    names = [name for row in form.FIELDS for name in row.names]
    changes = data.draw(st.dictionaries(st.sampled_from(names), ANYTHING, max_size=4))
    try:
        parsed(form, **changes)
    except Refusal as refusal:
        assert refusal.status == 200
        assert refusal.message
