"""Answers: exactly the documented fields, types and numbers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.contract import replies
from bridge.contract.operations import OPERATIONS
from bridge.contract.replies import (
    DetailRow,
    DetailsReply,
    DigitalTemplateReply,
    SignReply,
    TextTemplateReply,
)
from bridge.plugin import Carrier, CarrierReview, MessageStatus, ReviewStatus, TemplateType

AT = datetime(2019, 1, 8, 8, 44, 13, tzinfo=UTC)
DATE = "2019-01-08 16:44:13"
PENDING, APPROVED, PARTIAL, REJECTED = ReviewStatus


@pytest.mark.parametrize(
    ("status", "reason", "number", "shown"),
    [
        (PENDING, "", 0, "No review comments"),
        (PENDING, "soon", 0, "No review comments"),
        (APPROVED, "", 1, "No review comments"),
        (REJECTED, "A brand is needed.", 2, "A brand is needed."),
        (REJECTED, "", 2, "The reviewer gave no reason."),
    ],
)
def test_sign_and_text_template(status: ReviewStatus, reason: str, number: int, shown: str) -> None:
    assert replies.SIGN.payload(SignReply("Acme", status, reason, AT)) == {
        "signName": "Acme",
        "signStatus": number,
        "reason": shown,
        "createDate": DATE,
    }
    reply = TextTemplateReply("t1", "Spring", "Hi ${n}", TemplateType.PROMOTION, status, reason, AT)
    assert replies.TEXT_TEMPLATE.payload(reply) == {
        "templateCode": "t1",
        "templateName": "Spring",
        "templateContent": "Hi ${n}",
        "templateType": 2,
        "templateStatus": number,
        "reason": shown,
        "createDate": DATE,
    }


def test_a_text_template_is_never_partly_approved() -> None:
    reply = TextTemplateReply("t1", "n", "c", TemplateType.CAPTCHA, PARTIAL, "", AT)
    assert replies.TEXT_TEMPLATE.payload(reply)["templateStatus"] == 1


UNICOM = {Carrier.UNICOM: CarrierReview(APPROVED)}
MOBILE = {Carrier.MOBILE: CarrierReview(REJECTED, "Too large")}
TELCOM = {Carrier.TELCOM: CarrierReview(PENDING)}


@pytest.mark.parametrize(
    ("status", "carriers", "number", "reason", "factory"),
    [
        (PENDING, {}, 0, "No review comments", ["Pending review"] * 3),
        (APPROVED, UNICOM, 1, "No review comments", ["Success", "Pending review", "Pending review"]),
        (
            PARTIAL,
            UNICOM | MOBILE | TELCOM,
            2,
            "MOBILE: Too large",
            ["Success", "Too large", "Pending review"],
        ),
        (REJECTED, MOBILE, 3, "MOBILE: Too large", ["Pending review", "Too large", "Pending review"]),
        (
            REJECTED,
            {Carrier.TELCOM: CarrierReview(REJECTED)},
            3,
            "TELCOM: Rejected",
            ["Pending review", "Pending review", "Rejected"],
        ),
    ],
)
def test_digital_template(
    status: ReviewStatus,
    carriers: dict[Carrier, CarrierReview],
    number: int,
    reason: str,
    factory: list[str],
) -> None:
    found = replies.DIGITAL_TEMPLATE.payload(
        DigitalTemplateReply("d1", "Theme", status, carriers, created_at=AT)
    )
    assert isinstance(found["supportFactory"], str)
    assert json.loads(found.pop("supportFactory")) == dict(
        zip(["UNICOM", "MOBILE", "TELCOM"], factory, strict=True)
    )
    assert found == {
        "templateCode": "d1",
        "templateName": "Theme",
        "templateStatus": number,
        "reason": reason,
        "createDate": DATE,
    }


def test_the_reviewers_own_summary_comes_first() -> None:
    reply = DigitalTemplateReply("d1", "Theme", PARTIAL, MOBILE, "Mobile wants smaller pictures.", AT)
    assert replies.DIGITAL_TEMPLATE.payload(reply)["reason"] == "Mobile wants smaller pictures."


@pytest.mark.parametrize(
    ("status", "code", "number", "shown"),
    [
        (MessageStatus.DELIVERED, "", 2, "DELIVERED"),
        (MessageStatus.DELIVERED, "DELIVRD", 2, "DELIVERED"),
        (MessageStatus.UNDELIVERABLE, "MK:0001", 1, "MK:0001"),
        (MessageStatus.EXPIRED, "", 1, "EXPIRED"),
        (MessageStatus.REJECTED, "INVALID_NUMBER", 1, "INVALID_NUMBER"),
        (MessageStatus.UNKNOWN, "", 1, "UNKNOWN"),
    ],
)
def test_details(status: MessageStatus, code: str, number: int, shown: str) -> None:
    row = DetailRow("out-1", "+86 13900001111", status, "Hi", "t1", code, AT, AT)
    assert replies.DETAILS.payload(DetailsReply([row], 7)) == {
        "totalCount": 7,
        "sendDetailDTOs": [
            {
                "content": "Hi",
                "errCode": shown,
                "outId": "out-1",
                "phoneNum": "+86 13900001111",
                "receiveDate": DATE,
                "sendDate": DATE,
                "sendStatus": number,
                "templateCode": "t1",
            }
        ],
    }
    assert "139" not in repr(row)


@pytest.mark.parametrize("status", [status for status in MessageStatus if not status.final])
def test_a_message_without_an_end_is_never_listed(status: MessageStatus) -> None:
    with pytest.raises(ValueError, match=status.name):
        replies.delivery(status, "")


def test_a_date_that_is_not_known_is_an_empty_text() -> None:
    assert replies.SIGN.payload(SignReply("Acme", PENDING))["createDate"] == ""


SAMPLES: dict[int, Any] = {
    id(replies.SIGN): SignReply("Acme", APPROVED, "", AT),
    id(replies.TEMPLATE_CODE): "t1",
    id(replies.TEXT_TEMPLATE): TextTemplateReply("t", "n", "c", TemplateType.CAPTCHA, APPROVED, "", AT),
    id(replies.DIGITAL_TEMPLATE): DigitalTemplateReply("d", "n", APPROVED, {}, "", AT),
    id(replies.BIZ_ID): "b1",
    id(replies.DETAILS): DetailsReply([], 0),
}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_has_exactly_its_documented_fields(operation: Any) -> None:
    shape = operation.shape
    assert shape.payload(SAMPLES[id(shape)]).keys() == shape.schemas.keys()


def test_the_envelope_is_written_byte_for_byte() -> None:
    answer = replies.envelope('Acme "短信" é', "OK", "OK", "r1", bizId="b1")
    assert list(answer) == ["platformName", "code", "message", "requestId", "bizId"]
    raw = replies.encode(answer)
    assert 'Acme \\"短信\\" é'.encode() in raw
    assert json.loads(raw) == answer
