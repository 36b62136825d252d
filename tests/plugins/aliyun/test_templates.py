"""Signatures and text templates: what is handed in, what each review becomes, and how one is changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from bridge.plugin import (
    BridgeError,
    ConfigurationFault,
    CredentialsRejected,
    NoSuchResource,
    OutcomeUnknown,
    ReviewStatus,
    TemplateType,
    TextTemplate,
    VendorRejected,
)

from .conftest import Build
from .emulator import Emulator, refusing
from .samples import SIGN, text_template

PENDING, APPROVED, REJECTED = ReviewStatus.PENDING, ReviewStatus.APPROVED, ReviewStatus.REJECTED
CAPTCHA, NOTIFICATION, PROMOTION, INTERNATIONAL = TemplateType
CODE = "您的验证码是${code}"
SALE = "${name}，今天${what}打折，拒收请回复R"
BASE = {"TemplateName": "greeting", "Remark": "for members"}


@dataclass(frozen=True)
class Handed:
    """A template and the request it becomes."""

    id: str
    template: TextTemplate
    fields: Mapping[str, str]
    settings: Mapping[str, object] = field(default_factory=dict)


HANDED = [
    Handed(
        "without variables",
        text_template("Hello"),
        {"TemplateContent": "Hello", "TemplateType": "1", "RelatedSignName": SIGN},
    ),
    Handed(
        "a code",
        text_template(CODE, CAPTCHA),
        {
            "TemplateContent": CODE,
            "TemplateType": "0",
            "RelatedSignName": SIGN,
            "TemplateRule": '{"code":"numberCaptcha"}',
        },
    ),
    Handed(
        "variables by rule and by default",
        text_template(SALE, PROMOTION),
        {
            "TemplateContent": SALE,
            "TemplateType": "2",
            "RelatedSignName": "Acme Sale",
            "TemplateRule": '{"name":"user_nick","what":"others"}',
            "MoreData": '["oss/proof.png"]',
            "ApplySceneContent": "https://acme.example",
            "TrafficDriving": '[{"type":"url","content":"https://acme.example/s"}]',
        },
        {
            "template_rules": {"name": "user_nick"},
            "related_sign_names": {"promotion": "Acme Sale"},
            "more_data": ["oss/proof.png"],
            "apply_scene_content": "https://acme.example",
            "traffic_driving": [{"type": "url", "content": "https://acme.example/s"}],
        },
    ),
    Handed(
        "a default for all variables",
        text_template(SALE, PROMOTION),
        {
            "TemplateContent": SALE,
            "TemplateType": "2",
            "RelatedSignName": SIGN,
            "TemplateRule": '{"name":"name","what":"name"}',
        },
        {"template_rule_default": "name"},
    ),
    Handed(
        "international",
        text_template("Hi", INTERNATIONAL),
        {"TemplateContent": "Hi", "TemplateType": "3", "IntlType": "1"},
        {"intl_type": 1},
    ),
    Handed(
        "the template's own signature, when the settings name none",
        text_template("Hello", sign_name="Acme Sale"),
        {"TemplateContent": "Hello", "TemplateType": "1", "RelatedSignName": "Acme Sale"},
        {"related_sign_name": ""},
    ),
]


@pytest.mark.parametrize("row", HANDED, ids=lambda row: row.id)
def test_a_template_is_handed_in(row: Handed, aliyun: Emulator, build: Build) -> None:
    """CreateSmsTemplate carries these fields and no others; Aliyun's code comes back."""
    aliyun.account.approve_sign("Acme Sale")
    vendor = build(**row.settings)
    created = vendor.create_template(vendor.channel, row.template)
    assert aliyun.calls("CreateSmsTemplate") == [BASE | dict(row.fields)]
    assert (created.vendor_code, created.status) == (list(aliyun.account.templates)[-1], PENDING)


@pytest.mark.parametrize(
    ("template", "settings", "fault"),
    [
        (text_template("Hi", INTERNATIONAL), {}, "intl_type"),
        (text_template("Hi", sign_name=""), {"related_sign_name": ""}, "related_sign_name"),
    ],
)
def test_a_missing_setting_is_named(
    template: TextTemplate, settings: dict[str, object], fault: str, aliyun: Emulator, build: Build
) -> None:
    """Aliyun wants more than Quick Audience sends; what the settings lack is said by its name."""
    vendor = build(**settings)
    with pytest.raises(ConfigurationFault, match=fault):
        vendor.create_template(vendor.channel, template)
    assert aliyun.requests == []


@pytest.mark.parametrize(
    ("status", "reason", "review", "said"),
    [
        (0, "", PENDING, ""),
        (1, "", APPROVED, ""),
        (1, "an old reason", APPROVED, ""),
        (2, "no opt-out", REJECTED, "no opt-out"),
        (2, "call 13800138000", REJECTED, "call 138******00"),
        (10, "", REJECTED, "The review was cancelled."),
    ],
)
def test_reviews(
    status: int, reason: str, review: ReviewStatus, said: str, aliyun: Emulator, build: Build
) -> None:
    """The review of a template and of a signature, by Aliyun's numbers."""
    vendor = build()
    template = aliyun.account.approve_template("SMS_5", "Hello")
    aliyun.account.review("SMS_5", status, reason)
    sign = aliyun.account.approve_sign("Other")
    sign.status, sign.reason = status, reason
    template.created_at = sign.created_at = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
    of_template = vendor.query_template(vendor.channel, text_template(vendor_code="SMS_5"))
    of_sign = vendor.query_sign(vendor.channel, "Other")
    for answer in (of_template, of_sign):
        assert (answer.status, answer.reason, answer.created_at) == (review, said, template.created_at)
    assert (of_template.vendor_code, of_template.state) == (None, None)


def test_what_aliyun_does_not_know(aliyun: Emulator, build: Build) -> None:
    """An unknown signature or template is told apart from a refusal."""
    vendor = build()
    with pytest.raises(NoSuchResource):
        vendor.query_sign(vendor.channel, "Nobody")
    with pytest.raises(NoSuchResource):
        vendor.query_template(vendor.channel, text_template(vendor_code="SMS_404"))


@pytest.mark.parametrize("fields", [{}, {"TemplateStatus": "7"}, {"TemplateStatus": None}])
def test_a_review_without_a_usable_status(fields: dict[str, object], aliyun: Emulator, build: Build) -> None:
    """What Aliyun may answer one day is no review, and no bug of the plugin."""
    body = {"Code": "OK", "TemplateType": "1", **fields}
    aliyun.plan.add(replace(refusing("x"), body=json.dumps(body).encode()))
    vendor = build()
    with pytest.raises(OutcomeUnknown, match="TemplateStatus"):
        vendor.query_template(vendor.channel, text_template(vendor_code="SMS_1"))


@pytest.mark.parametrize("count", [0, 49, 50, 51, 120])
def test_every_template_is_listed(count: int, aliyun: Emulator, build: Build) -> None:
    """Page after page, until one is not full."""
    aliyun.account.templates.clear()
    codes = [aliyun.account.approve_template(f"SMS_{number}", "x").code for number in range(count)]
    vendor = build()
    assert [one.vendor_code for one in vendor.list_templates(vendor.channel)] == codes
    assert aliyun.account.calls["QuerySmsTemplateList"] == count // 50 + 1


ROWS: list[object] = ["x", [1], [{}], [{"TemplateCode": "SMS_1", "AuditStatus": "?"}], [{"TemplateCode": ""}]]


@pytest.mark.parametrize("rows", ROWS)
def test_a_list_that_cannot_be_read(rows: object, aliyun: Emulator, build: Build) -> None:
    """Half a list would call templates lost or known that are not."""
    body = {"Code": "OK", "SmsTemplateList": rows}
    aliyun.plan.add(replace(refusing("x"), body=json.dumps(body).encode()))
    vendor = build()
    with pytest.raises(OutcomeUnknown, match="UNREADABLE_ANSWER"):
        vendor.list_templates(vendor.channel)


def test_another_kind_of_template(aliyun: Emulator, build: Build) -> None:
    """A digital template's code is no text template."""
    aliyun.account.approve_template("D_1", "x").type = 7
    vendor = build()
    with pytest.raises(VendorRejected, match="another kind"):
        vendor.query_template(vendor.channel, text_template(vendor_code="D_1"))


def test_a_rejected_template_is_changed(aliyun: Emulator, build: Build) -> None:
    """UpdateSmsTemplate hands it in again under the code it has."""
    vendor = build()
    aliyun.account.review("SMS_1", 2, "too short")
    changed = vendor.update_template(vendor.channel, text_template("Hello you", vendor_code="SMS_1"))
    assert (changed.vendor_code, changed.state, changed.status) == (None, None, PENDING)
    template = aliyun.account.templates["SMS_1"]
    assert (template.content, template.status) == ("Hello you", 0)


def test_an_approved_template_is_not_changed(aliyun: Emulator, build: Build) -> None:
    """Aliyun refuses, and by default so does the bridge."""
    vendor = build()
    with pytest.raises(VendorRejected) as refusal:
        vendor.update_template(vendor.channel, text_template("Hello you", vendor_code="SMS_1"))
    assert refusal.value.code == "isv.ERROR_TEMPLATE_NOT_MODIFY"
    assert aliyun.calls("CreateSmsTemplate") == []


def test_an_approved_template_is_replaced(aliyun: Emulator, build: Build) -> None:
    """With text_edit = "recreate": another is handed in, and takes over once it is approved."""
    vendor = build(text_edit="recreate")
    template = text_template("Hello you", vendor_code="SMS_1")
    changed = vendor.update_template(vendor.channel, template)
    assert changed.vendor_code is None and changed.state in aliyun.account.templates
    waiting = replace(template, state=changed.state)
    review = vendor.query_template(vendor.channel, waiting)
    assert (review.status, review.vendor_code, review.state) == (PENDING, None, None)

    aliyun.account.review(changed.state, 2, "bad")
    review = vendor.query_template(vendor.channel, waiting)
    assert (review.status, review.reason, review.vendor_code) == (REJECTED, "bad", None)

    again = vendor.update_template(vendor.channel, replace(waiting, content="Hello all"))
    assert (again.vendor_code, again.state) == (None, None)
    assert aliyun.account.templates[changed.state].content == "Hello all"
    aliyun.account.review(changed.state, 1)
    review = vendor.query_template(vendor.channel, waiting)
    assert (review.status, review.vendor_code, review.state) == (APPROVED, changed.state, "")


def test_other_refusals_are_no_reason_to_replace(aliyun: Emulator, build: Build) -> None:
    """Only "not modifiable" is answered by another template."""
    aliyun.plan.add(refusing("isv.SMS_OVER_LIMIT"))
    vendor = build(text_edit="recreate")
    with pytest.raises(VendorRejected):
        vendor.update_template(vendor.channel, text_template(vendor_code="SMS_1"))
    assert aliyun.calls("CreateSmsTemplate") == []


@pytest.mark.parametrize(
    ("key", "detail", "error"),
    [
        ("testSK", "the signature Acme is approved", None),
        ("wrong", "the gateway refused the request", CredentialsRejected),
    ],
)
def test_the_channel_is_checked(
    key: str, detail: str, error: type[BridgeError] | None, aliyun: Emulator, build: Build
) -> None:
    """A harmless question tells whether the account can be used."""
    vendor = build(access_key_secret=key)
    health = vendor.check_channel(vendor.channel)
    assert detail in health.detail
    assert (type(health.error) if health.error else None) == error


def test_a_channel_without_its_signature_is_alive(aliyun: Emulator, build: Build) -> None:
    """That the signature is not known yet does not make the account unusable."""
    vendor = build(related_sign_name="Not yet")
    assert vendor.check_channel(vendor.channel).ok


def test_a_carrier_that_did_not_register_the_signature(
    aliyun: Emulator, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """An approved signature is blocked by such a carrier, which only the log can tell."""
    body = {
        "Code": "OK",
        "SignName": SIGN,
        "SignStatus": 1,
        "SignIspRegisterDetailList": [
            {"OperatorCode": "mobile", "RegisterStatus": 3},
            {"OperatorCode": "telecom", "RegisterStatus": 0},
        ],
    }
    aliyun.plan.add(replace(refusing("x"), body=json.dumps(body).encode()))
    vendor = build()
    assert vendor.query_sign(vendor.channel, SIGN).status is APPROVED
    assert "signature Acme is not registered with: telecom" in caplog.text
