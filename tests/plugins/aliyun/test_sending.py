"""SendSms and SendBatchSms: what arrives at Aliyun, and what each answer means for the messages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from bridge.plugin import (
    Batch,
    CredentialsRejected,
    NotAccepted,
    Outcome,
    SubmitResult,
    VendorThrottled,
    VendorUnavailable,
)
from bridge_aliyun import sending
from bridge_aliyun.settings import AliyunSettings

from .conftest import Build
from .emulator import Emulator, Fault, refusing
from .samples import ABROAD, HELLO, PERSONAL, SIGN, batch, numbers

ACCEPTED, REJECTED, NOT_SENT, UNKNOWN = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN
LI = {"name": '李*~ +é\n"', "code": "1.10"}
WEI = {"name": "伟", "code": "12345678901234567890"}


@dataclass(frozen=True)
class Wire:
    """One call as it must arrive."""

    id: str
    batch: Batch
    operation: str
    fields: Mapping[str, str]
    settings: Mapping[str, object] = field(default_factory=dict)


WIRES = [
    Wire(
        "no values",
        batch("138 0013 8000", "+8613800138001"),
        "SendSms",
        {"PhoneNumbers": "13800138000,13800138001", "SignName": SIGN, "TemplateCode": "SMS_1", "OutId": "b1"},
    ),
    Wire(
        "equal values",
        batch("13800138000", "13800138001", params=[LI, dict(LI)], template=PERSONAL),
        "SendSms",
        {
            "PhoneNumbers": "13800138000,13800138001",
            "SignName": SIGN,
            "TemplateCode": "SMS_2",
            "OutId": "b1",
            "TemplateParam": json.dumps(LI, ensure_ascii=False, separators=(",", ":")),
        },
    ),
    Wire(
        "own values",
        batch("13800138000", "13800138001", params=[LI, WEI], template=PERSONAL),
        "SendBatchSms",
        {
            "PhoneNumberJson": '["13800138000","13800138001"]',
            "SignNameJson": f'["{SIGN}","{SIGN}"]',
            "TemplateCode": "SMS_2",
            "OutId": "b1",
            "TemplateParamJson": json.dumps([LI, WEI], ensure_ascii=False, separators=(",", ":")),
        },
    ),
    Wire(
        "abroad: country code and number, no plus",
        batch("+14155552671", "85251234567", template=ABROAD),
        "SendSms",
        {"PhoneNumbers": "14155552671,85251234567", "SignName": SIGN, "TemplateCode": "SMS_9", "OutId": "b1"},
    ),
    Wire(
        "an extension for replies",
        batch("13800138000"),
        "SendSms",
        {
            "PhoneNumbers": "13800138000",
            "SignName": SIGN,
            "TemplateCode": "SMS_1",
            "OutId": "b1",
            "SmsUpExtendCode": "77",
        },
        {"extend_code": "77"},
    ),
]


@pytest.mark.parametrize("row", WIRES, ids=lambda row: row.id)
def test_what_arrives(row: Wire, aliyun: Emulator, build: Build) -> None:
    """Each batch arrives in one call with exactly these fields, and is accepted under the call's BizId."""
    vendor = build(**row.settings)
    results = vendor.send_batch(vendor.channel, row.batch)
    assert aliyun.requests == [(row.operation, dict(row.fields))]
    assert {result.outcome for result in results} == {ACCEPTED}
    assert [result.vendor_id for result in results] == [m.biz_id for m in aliyun.account.messages]


def test_limits(build: Build) -> None:
    """A call carries 500 equal messages or 100 personal ones unless the settings say otherwise."""
    limits = build().limits
    assert (limits.for_call(True), limits.for_call(False)) == (500, 100)
    limits = build(numbers_per_call=1000, personal_numbers_per_call=10).limits
    assert (limits.for_call(True), limits.for_call(False)) == (1000, 10)


@pytest.mark.parametrize(("count", "personal"), [(1000, False), (100, True)])
def test_a_full_call(count: int, personal: bool, aliyun: Emulator, build: Build) -> None:
    """Aliyun's documented most numbers fit into one call."""
    params = [{"name": str(index), "code": "1"} for index in range(count)] if personal else []
    vendor = build()
    full = batch(*numbers(count), params=params, template=PERSONAL if personal else HELLO)
    results = vendor.send_batch(vendor.channel, full)
    assert {result.outcome for result in results} == {ACCEPTED}
    assert len(aliyun.requests) == 1 and len(aliyun.account.messages) == count


@dataclass(frozen=True)
class Answer:
    """What an answer to a send means: the outcome, the code, the error it stands for, what Aliyun took."""

    id: str
    fault: str | Fault
    outcome: Outcome
    code: str
    error: type[NotAccepted] | None = None
    taken: int = 0
    retry_after: float | None = None


ACCOUNT = ("isv.OUT_OF_SERVICE", "isv.AMOUNT_NOT_ENOUGH", "isv.DAY_LIMIT_CONTROL", "isv.DENY_IP_RANGE")
REFUSED = ("isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGNATURE_ILLEGAL", "isv.EXTEND_CODE_ERROR", "isv.NEW")
SYSTEM = ("isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "isp.UNKNOWN_ERROR")
NO_KEY = "InvalidAccessKeyId.NotFound"
DELAYED = Fault(True, status=500, body=b'{"Code":"Internal"}', headers=(("x-acs-retry-after", "100"),))

ANSWERS = [
    Answer("throttled", "throttled", NOT_SENT, "Throttling.User", VendorThrottled),
    Answer(
        "with a delay", "throttled_with_delay", NOT_SENT, "Throttling.User", VendorThrottled, retry_after=1.5
    ),
    Answer("throttled with 429", "throttled_429", NOT_SENT, "Throttling", VendorThrottled),
    Answer("no permission", "denied", NOT_SENT, "NoPermission", CredentialsRejected),
    Answer("500 with JSON", "server_error", UNKNOWN, "InternalError", taken=2),
    Answer("500 with a delay", DELAYED, UNKNOWN, "Internal", taken=2),
    Answer("502 with HTML", "bad_gateway", UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("200 without a body", "empty", UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("200 with a list", "list", UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("200 without a Code", "no_code", UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("no answer, sent", "lost_answer", UNKNOWN, "READ_TIMEOUT", taken=2),
    Answer("no answer, not sent", "lost_request", UNKNOWN, "READ_TIMEOUT"),
    Answer("closed, sent", "closed_after", UNKNOWN, "CONNECTION_LOST", taken=2),
    Answer("closed, not sent", "closed_before", UNKNOWN, "CONNECTION_LOST"),
    Answer("wrong key", refusing(NO_KEY, 404), NOT_SENT, NO_KEY, CredentialsRejected),
    Answer("a 404 without a name", Fault(False, status=404, body=b"{}"), REJECTED, "HTTP_404"),
    *(Answer(code, refusing(code), UNKNOWN, code) for code in SYSTEM),
    *(Answer(code, refusing(code), NOT_SENT, code, CredentialsRejected) for code in ACCOUNT),
    *(Answer(f"{code} as 400", refusing(code, 400), NOT_SENT, code, CredentialsRejected) for code in ACCOUNT),
    *(Answer(code, refusing(code), REJECTED, code) for code in REFUSED),
    *(Answer(f"{code} as 400", refusing(code, 400), REJECTED, code) for code in REFUSED),
]


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row.id)
def test_what_an_answer_means(row: Answer, aliyun: Emulator, build: Build) -> None:
    """One request, never a second; the outcome by class; no number in a text."""
    aliyun.plan.add(row.fault)
    vendor = build(send_timeout_s=0.3)
    results = vendor.send_batch(vendor.channel, batch("13800138000", "13800138001"))
    assert len(aliyun.requests) == 1
    assert len(aliyun.account.messages) == row.taken
    assert [(result.outcome, result.code) for result in results] == [(row.outcome, row.code)] * 2
    if row.error is not None:
        assert [type(result.error) for result in results] == [row.error] * 2
    if row.retry_after is not None:
        assert results[0].error is not None and results[0].error.retry_after == row.retry_after
    assert "13800138" not in repr(results)


def test_a_slow_answer_is_an_answer(aliyun: Emulator, build: Build) -> None:
    """An answer that drips in is read to its end."""
    aliyun.plan.add("drip")
    vendor = build()
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert result.outcome is ACCEPTED


def test_nobody_listens(build: Build, aliyun: Emulator) -> None:
    """A refused connection is certainly not sent."""
    vendor = build(endpoint="127.0.0.1:1")
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert (result.outcome, result.code) == (NOT_SENT, "CONNECTION_REFUSED")
    assert isinstance(result.error, VendorUnavailable)


def test_an_unknown_host(build: Build, aliyun: Emulator) -> None:
    """A name that does not resolve is certainly not sent."""
    vendor = build(endpoint="no-such-host.invalid")
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert (result.outcome, result.code) == (NOT_SENT, "DNS")


def test_a_wrong_secret(build: Build, aliyun: Emulator) -> None:
    """The emulator knows a signature made with another secret, and the channel pauses."""
    vendor = build(access_key_secret="other")
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert result.code == "SignatureDoesNotMatch" and isinstance(result.error, CredentialsRejected)


def test_temporary_credentials(build: Build, aliyun: Emulator) -> None:
    """A security token is signed with the request."""
    vendor = build(security_token="sts-token")
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert result.outcome is ACCEPTED


# -- one bad number must not spoil its call --------------------------------------------------------------


def _outcomes(results: Sequence[SubmitResult]) -> list[str]:
    return [result.code or result.outcome.value for result in results]


@pytest.mark.parametrize("count", [1, 2, 7, 100])
@pytest.mark.parametrize("personal", [False, True], ids=["equal", "personal"])
def test_bad_numbers_are_found(count: int, personal: bool, aliyun: Emulator, build: Build) -> None:
    """Numbers Aliyun refuses are rejected alone; everyone else gets the message exactly once."""
    phones = numbers(count)
    aliyun.account.illegal = {phones[0], phones[count // 2]}
    params = [{"name": str(index), "code": "1"} for index in range(count)] if personal else []
    vendor = build()
    results = vendor.send_batch(
        vendor.channel, batch(*phones, params=params, template=PERSONAL if personal else HELLO)
    )
    bad = aliyun.account.illegal
    assert _outcomes(results) == [
        "isv.MOBILE_NUMBER_ILLEGAL" if phone in bad else "accepted" for phone in phones
    ]
    assert sorted(message.phone for message in aliyun.account.messages) == sorted(set(phones) - bad)
    assert "1380000" not in repr(results)


def test_the_parts_go_under_references_of_their_own(aliyun: Emulator, build: Build) -> None:
    """Only the whole batch goes under its bare reference; a receipt of a part still names the batch."""
    phones = numbers(4)
    aliyun.account.illegal = {phones[3]}
    vendor = build()
    results = vendor.send_batch(vendor.channel, batch(*phones, ref="b7"))
    assert [call["OutId"] for call in aliyun.calls("SendSms")] == ["b7", "b7.1", "b7.2", "b7.3", "b7.4"]
    assert len({result.vendor_id for result in results[:3]}) == 2
    assert all(message.out_id.startswith("b7.") for message in aliyun.account.messages)


@pytest.mark.parametrize(
    ("code", "personal", "calls"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", False, 7),
        ("isv.BUSINESS_LIMIT_CONTROL", False, 7),
        ("isv.CUSTOMER_REFUSED", False, 7),
        ("isv.TEMPLATE_PARAMS_ILLEGAL", True, 7),
        ("isv.TEMPLATE_PARAMS_ILLEGAL", False, 1),
        ("isv.SMS_TEMPLATE_ILLEGAL", True, 1),
        ("isp.SYSTEM_ERROR", True, 1),
        ("isv.AMOUNT_NOT_ENOUGH", True, 1),
        ("Throttling", True, 1),
    ],
)
def test_what_is_split(code: str, personal: bool, calls: int, aliyun: Emulator, build: Build) -> None:
    """Only a certain refusal that can lie with one recipient is looked into."""
    aliyun.plan.add(refusing(code))
    params = [{"name": str(index), "code": "1"} for index in range(4)] if personal else []
    vendor = build()
    results = vendor.send_batch(
        vendor.channel, batch(*numbers(4), params=params, template=PERSONAL if personal else HELLO)
    )
    assert len(aliyun.requests) == calls
    assert {result.code for result in results} == {code}


def test_an_opted_out_number_is_remembered(aliyun: Emulator, build: Build) -> None:
    """The one who unsubscribed goes to the suppression list, nobody else."""
    aliyun.account.unsubscribed = {"13800000002"}
    vendor = build()
    results = vendor.send_batch(vendor.channel, batch(*numbers(5)))
    assert [result.opted_out for result in results] == [False, False, True, False, False]


def test_a_whole_call_refused_for_opting_out_marks_nobody(aliyun: Emulator, build: Build) -> None:
    """When time runs out before the one is found, nobody is put on the suppression list."""
    aliyun.plan.add(refusing("isv.CUSTOMER_REFUSED"))
    vendor = build()
    ticks = iter([0.0, 61.0, 62.0])
    settings = AliyunSettings(access_key_id="a", access_key_secret="b")
    results = sending.send(vendor._client, settings, batch(*numbers(2)), lambda: next(ticks))
    assert [result.outcome for result in results] == [NOT_SENT, NOT_SENT]
    assert not any(result.opted_out for result in results)


@pytest.mark.parametrize(
    ("fault", "called", "left"),
    [
        ("throttled", (NOT_SENT, "Throttling.User"), (NOT_SENT, "Throttling.User")),
        ("denied", (NOT_SENT, "NoPermission"), (NOT_SENT, "NoPermission")),
        ("closed_after", (UNKNOWN, "CONNECTION_LOST"), (NOT_SENT, "VENDOR_UNAVAILABLE")),
    ],
)
def test_trouble_while_splitting(
    fault: str, called: tuple[Outcome, str], left: tuple[Outcome, str], aliyun: Emulator, build: Build
) -> None:
    """The part that was called gets what its answer means; the parts behind it are sent later."""
    phones = numbers(8)
    aliyun.account.illegal = {phones[2]}
    # Refused: all eight, the first four. Accepted: the first two. Then the trouble.
    aliyun.plan.add(fault, after=3)
    vendor = build()
    results = vendor.send_batch(vendor.channel, batch(*phones))
    seen = [(result.outcome, result.code) for result in results]
    if fault == "closed_after":  # it carried the refused call out first, and nothing was taken
        assert len(aliyun.account.messages) == 2
    assert seen == [(ACCEPTED, "")] * 2 + [called] * 2 + [left] * 4


def test_mainland_numbers_abroad_are_refused_before_the_call(aliyun: Emulator, build: Build) -> None:
    """One mainland number would fail the whole call of an international template."""
    vendor = build()
    results = vendor.send_batch(vendor.channel, batch("8613800138000", "14155552671", template=ABROAD))
    assert _outcomes(results) == ["isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "accepted"]
    assert [call["PhoneNumbers"] for call in aliyun.calls("SendSms")] == ["14155552671"]


def test_nobody_is_left_to_send_to(aliyun: Emulator, build: Build) -> None:
    """When every number was refused beforehand, Aliyun is not called."""
    vendor = build()
    results = vendor.send_batch(vendor.channel, batch("8613800138000", template=ABROAD))
    assert _outcomes(results) == ["isv.DOMESTIC_NUMBER_NOT_SUPPORTED"]
    assert aliyun.requests == []
