"""The table of operations against the published contract, and the document made from it."""

import json
import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import openapi_spec_validator
import pytest

from bridge.contract import openapi, replies
from bridge.contract.bodies import Body, DigitalTemplateBody, NoBody, SendDetailsBody, SendListBody
from bridge.contract.operations import OPERATIONS, Operation
from bridge.contract.recipients import PHONES

PUBLISHED = {
    "1": ("GET", "/sms/smsSign/{signName}"),
    "2": ("POST", "/sms/smsTemplate"),
    "3": ("PUT", "/sms/smsTemplate/{templateCode}"),
    "4": ("GET", "/sms/smsTemplate/{templateCode}"),
    "5": ("POST", "/sms/sendBatch"),
    "6": ("POST", "/sms/sendBatchList"),
    "7": ("POST", "/sms/digitalSmsTemplate"),
    "8": ("PUT", "/sms/digitalSmsTemplate/{templateCode}"),
    "9": ("DELETE", "/sms/digitalSmsTemplate/{templateCode}"),
    "10": ("GET", "/sms/digitalSmsTemplate/{templateCode}"),
    "11": ("POST", "/sms/sendDigitalBatchList"),
    "12": ("POST", "/sms/sendDetails"),
}
DOCUMENT = openapi.document("1.2.3", "https://sms.example.com", default_channel=True)


def test_every_published_operation_is_in_the_table() -> None:
    assert {row.section: (row.method, row.path) for row in OPERATIONS if row.section} == PUBLISHED
    assert len({row.name for row in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_row_is_consistent(operation: Operation[Any, Any]) -> None:
    assert (operation.body is NoBody) == (operation.method in ("GET", "DELETE"))
    assert operation.send == (operation.shape is replies.BIZ_ID)
    assert re.fullmatch(rf"/sms/\w+(/{{{operation.parameter}}})?", operation.path)


def test_the_document_is_valid_openapi() -> None:
    openapi_spec_validator.validate(DOCUMENT)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_document_describes_every_operation(operation: Operation[Any, Any]) -> None:
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]
    assert described["operationId"] == operation.name
    names = {parameter["name"] for parameter in described["parameters"]}
    assert names == {"timestamp", "nonce", operation.parameter} - {""}
    answer = described["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    assert answer.keys() == {"platformName", "code", "message", "requestId"} | operation.shape.schemas.keys()
    if operation.body is not NoBody:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        assert schema["properties"].keys() == {row.name for row in operation.body.FIELDS}
    assert ("callbacks" in described) == operation.send


def test_limits_reach_the_document() -> None:
    template = DOCUMENT["paths"]["/sms/smsTemplate"]["post"]["requestBody"]["content"]["application/json"]
    assert template["schema"]["properties"]["templateContent"]["maxLength"] == 500
    assert template["schema"]["required"] == ["templateContent", "templateName", "templateType"]
    assert openapi.field_schema(PHONES)["minItems"] == 1
    assert [server["url"] for server in DOCUMENT["servers"]] == [
        "https://sms.example.com",
        "https://sms.example.com/{channel}",
    ]
    assert [server["url"] for server in openapi.document("1")["servers"]] == ["/{channel}"]


DATE = "2026-11-01 08:00:00"
VALUES = {"name": "Anna", "age": 3}
PART = {"fileSuffix": "txt", "fileContents": "Hello"}
SEND = {"outId": "o", "phoneNumberJson": ["13900001111"], "signName": "Acme", "templateCode": "T"}
DIGITAL = {"templateTheme": "Spring"}
# What a description promises, and the body that is read: the document's types must allow it.
PROMISED: list[tuple[type[Body], dict[str, Any]]] = [
    (SendListBody, SEND | {"templateParamJson": [VALUES]}),
    (SendListBody, SEND | {"templateParamJson": VALUES}),
    (SendListBody, SEND | {"limit": 0}),
    (DigitalTemplateBody, DIGITAL | {"templateContent": [PART]}),
    (DigitalTemplateBody, DIGITAL | {"templateContent": json.dumps([PART])}),
    (SendDetailsBody, {"outId": "o", "startDate": DATE, "endDate": DATE, "currentPage": 0, "pageSize": 0}),
]


@pytest.mark.parametrize(("form", "source"), PROMISED, ids=lambda value: getattr(value, "__name__", ""))
def test_the_documents_types_are_as_wide_as_its_descriptions(
    form: type[Body], source: dict[str, Any]
) -> None:
    form.parse(json.dumps(source).encode())
    jsonschema.validate(source, openapi.body_schema(form.FIELDS))
