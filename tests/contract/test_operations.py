"""The table of operations against the published contract, and the document made from it."""

import re

import openapi_spec_validator
import pytest

from bridge.contract import openapi
from bridge.contract.operations import OPERATIONS, Operation
from bridge.contract.recipients import PARAMS, PHONES

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
def test_a_row_is_consistent(operation: Operation) -> None:
    assert (operation.body is None) == (operation.method in ("GET", "DELETE"))
    assert operation.send == (operation.service == "accepting")
    assert re.fullmatch(rf"/sms/{operation.resource}(/{{{operation.parameter}}})?", operation.path)


def test_the_document_is_valid_openapi() -> None:
    openapi_spec_validator.validate(DOCUMENT)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_document_describes_every_operation(operation: Operation) -> None:
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]
    assert described["operationId"] == operation.name
    names = {parameter["name"] for parameter in described["parameters"]}
    assert names == {"timestamp", "nonce", operation.parameter} - {""}
    answer = described["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    assert answer.keys() == {"platformName", "code", "message", "requestId"} | operation.shape.schemas.keys()
    if operation.body is not None:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        assert schema["properties"].keys() == {row.name for row in operation.body.FIELDS}
    assert ("callbacks" in described) == operation.send


def test_limits_reach_the_document() -> None:
    template = DOCUMENT["paths"]["/sms/smsTemplate"]["post"]["requestBody"]["content"]["application/json"]
    assert template["schema"]["properties"]["templateContent"]["maxLength"] == 500
    assert template["schema"]["required"] == ["templateContent", "templateName", "templateType"]
    assert openapi.field_schema(PHONES)["minItems"] == 1
    assert openapi.field_schema(PARAMS)["type"] == "array"
    assert [server["url"] for server in DOCUMENT["servers"]] == [
        "https://sms.example.com",
        "https://sms.example.com/{channel}",
    ]
    assert [server["url"] for server in openapi.document("1")["servers"]] == ["/{channel}"]
