"""SendSms and SendBatchSms: what arrives at Aliyun, and how a refused call is cut."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from bridge.plugin import (
    Batch,
    Outcome,
    SubmitResult,
)
from bridge_aliyun import sending
from bridge_aliyun.settings import AliyunSettings

from .conftest import Build
from .emulator import Emulator, refusing
from .samples import HELLO, INTERNATIONAL, PERSONAL, SIGN, batch, numbers

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
        "international: country code and number, no plus",
        batch("+14155552671", "85251234567", template=INTERNATIONAL),
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
        ("isv.MOBILE_COUNT_OVER_LIMIT", False, 7),
        ("isv.NEW", True, 1),
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
    ("steady", "wall", "calls"),
    [
        pytest.param(0.0, 0.0, 3, id="in time"),
        pytest.param(61.0, 61.0, 1, id="the process was stopped"),
        pytest.param(0.0, 61.0, 1, id="the machine was suspended"),
        pytest.param(61.0, -3600.0, 1, id="the wall clock was set back meanwhile"),
    ],
)
def test_whoever_was_stopped_calls_no_part(
    steady: float, wall: float, calls: int, aliyun: Emulator, build: Build
) -> None:
    """Both clocks are read right before each further call of a batch."""
    aliyun.account.illegal = {numbers(2)[0]}
    vendor = build()
    settings = AliyunSettings(access_key_id="a", access_key_secret="b")
    clocks = [iter([0.0, *[passed] * 9]) for passed in (steady, wall)]
    results = sending.send(
        vendor._client, settings, batch(*numbers(2)), lambda: next(clocks[0]), lambda: next(clocks[1])
    )
    assert len(aliyun.requests) == calls
    assert _outcomes(results) == (
        ["isv.MOBILE_NUMBER_ILLEGAL", "accepted"] if calls == 3 else ["VENDOR_UNAVAILABLE"] * 2
    )


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


def test_a_mainland_number_is_refused_before_an_international_call(aliyun: Emulator, build: Build) -> None:
    """One mainland number would fail the whole call of an international template."""
    vendor = build()
    results = vendor.send_batch(vendor.channel, batch("8613800138000", "14155552671", template=INTERNATIONAL))
    assert _outcomes(results) == ["isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "accepted"]
    assert [call["PhoneNumbers"] for call in aliyun.calls("SendSms")] == ["14155552671"]


def test_nobody_is_left_to_send_to(aliyun: Emulator, build: Build) -> None:
    """When every number was refused beforehand, Aliyun is not called."""
    vendor = build()
    results = vendor.send_batch(vendor.channel, batch("8613800138000", template=INTERNATIONAL))
    assert _outcomes(results) == ["isv.DOMESTIC_NUMBER_NOT_SUPPORTED"]
    assert aliyun.requests == []
