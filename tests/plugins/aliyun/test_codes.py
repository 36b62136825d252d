"""Every code of Aliyun's that the facts name, with its consequence and where that is written.

`page` is help.aliyun.com 101346 (answers) or 101347 (receipts), read 2026-11; `restated` is public code or
text that restates the vendor's table; `memory` was not read anywhere.
"""

import pytest

from bridge.plugin import (
    BridgeError,
    Consequence,
    CredentialsRejected,
    NoSuchResource,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
)
from bridge_aliyun import codes

from .conftest import Build
from .emulator import Emulator, refusing
from .samples import batch

THROTTLED, ACCOUNT, UNKNOWN = Consequence.THROTTLED, Consequence.ACCOUNT, Consequence.UNKNOWN
SET_UP, REJECTED, OPTED_OUT = Consequence.CONFIGURATION, Consequence.REJECTED, Consequence.OPTED_OUT

ANSWERS = [
    ("Throttling", THROTTLED, "page"),
    ("Throttling.User", THROTTLED, "page"),
    ("Throttling.Api", THROTTLED, "page"),
    ("isv.BUSINESS_LIMIT_CONTROL", REJECTED, "page: one number in a minute, an hour, a day"),
    ("isv.OUT_OF_SERVICE", ACCOUNT, "page"),
    ("isv.AMOUNT_NOT_ENOUGH", ACCOUNT, "page"),
    ("isv.ACCOUNT_NOT_EXISTS", ACCOUNT, "page"),
    ("isv.ACCOUNT_ABNORMAL", ACCOUNT, "page"),
    ("isv.SECURITY_FROZEN_ACCOUNT", ACCOUNT, "restated"),
    ("isv.PRODUCT_UN_SUBSCRIPT", ACCOUNT, "page"),
    ("isv.PRODUCT_UNSUBSCRIBE", ACCOUNT, "page"),
    ("isp.RAM_PERMISSION_DENY", ACCOUNT, "page"),
    ("NoPermission", ACCOUNT, "restated"),
    ("Forbidden.RAM", ACCOUNT, "restated"),
    ("InvalidAccessKeyId.NotFound", ACCOUNT, "restated"),
    ("SignatureDoesNotMatch", ACCOUNT, "restated"),
    ("InvalidTimeStamp.Expired", ACCOUNT, "restated"),
    ("InvalidCredentials", ACCOUNT, "the SDK's own, before anything is sent"),
    ("isv.DENY_IP_RANGE", ACCOUNT, "page"),
    ("isv.DAY_LIMIT_CONTROL", ACCOUNT, "page: the account's, set in the console"),
    ("isv.MONTH_LIMIT_CONTROL", ACCOUNT, "page: the account's, set in the console"),
    ("isv.INTERFACE_OFFLINE", ACCOUNT, "page"),
    ("isv.MOBILE_NUMBER_ILLEGAL", REJECTED, "page"),
    ("isv.MOBILE_COUNT_OVER_LIMIT", REJECTED, "page"),
    ("isv.INVALID_PARAMETERS", REJECTED, "page"),
    ("isv.INVALID_JSON_PARAM", REJECTED, "page"),
    ("isv.TEMPLATE_MISSING_PARAMETERS", REJECTED, "page"),
    ("isv.TEMPLATE_PARAMS_ILLEGAL", REJECTED, "restated"),
    ("isv.PARAM_LENGTH_LIMIT", REJECTED, "page"),
    ("isv.PARAM_NOT_SUPPORT_URL", REJECTED, "page"),
    ("isv.SMS_CONTENT_ILLEGAL", REJECTED, "page"),
    ("isv.UNSUPPORTED_CONTENT", REJECTED, "restated"),
    ("isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE", REJECTED, "restated"),
    ("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", REJECTED, "page"),
    ("isv.SMS_SIGNATURE_ILLEGAL", SET_UP, "page: not in the account, or not approved"),
    ("isv.SMS_TEMPLATE_ILLEGAL", SET_UP, "page: not in the account, or not approved"),
    ("isv.SMS_SIGNATURE_SCENE_ILLEGAL", SET_UP, "page"),
    ("isv.SMS_SIGN_ILLEGAL", SET_UP, "page"),
    ("isv.SIGN_STATE_ILLEGAL", SET_UP, "page"),
    ("isv.EXTEND_CODE_ERROR", SET_UP, "page"),
    ("isv.ONE_CODE_MULTIPLE_SIGN", SET_UP, "restated"),
    ("isv.CODE_ERROR", SET_UP, "restated"),
    ("PORT_NOT_REGISTERED", SET_UP, "restated"),
    ("isv.SMS_TEST_SIGN_TEMPLATE_LIMIT", SET_UP, "restated"),
    ("isv.SMS_TEST_NUMBER_LIMIT", SET_UP, "restated"),
    ("isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL", SET_UP, "restated"),
    ("isv.BLACK_KEY_CONTROL_LIMIT", REJECTED, "page"),
    ("isv.CUSTOMER_REFUSED", OPTED_OUT, "restated"),
    ("isp.SYSTEM_ERROR", UNKNOWN, "page: try again, and nothing says that nothing was taken"),
    ("isp.GATEWAY_ERROR", UNKNOWN, "page: as above"),
    ("isp.UNKNOWN_ERROR", UNKNOWN, "restated"),
    ("SignatureNonceUsed", UNKNOWN, "memory: the same request arrived before"),
    ("isv.TEMPLATE_COUNT_OVER_LIMIT", REJECTED, "restated; of templates"),
    ("isv.SMS_OVER_LIMIT", REJECTED, "restated; of templates"),
    ("isv.TEMPLATE_OVER_LIMIT", REJECTED, "restated; of templates"),
    ("isv.ERROR_TEMPLATE_NOT_MODIFY", REJECTED, "restated; of templates"),
    ("isv.ERROR_TEMPLATE_NOT_DELETE", REJECTED, "restated; of templates"),
    ("template_parameter_count_illegal", REJECTED, "restated; of templates"),
]
RECEIPTS = [
    ("MOBILE_NOT_ON_SERVICE", False),
    ("INVALID_NUMBER", False),
    ("MOBILE_SEND_LIMIT", False),
    ("MOBILE_ACCOUNT_ABNORMAL", False),
    ("MOBILE_IN_BLACK", False),
    ("MOBLLE_TERMINAL_ERROR", False),
    ("CONTENT_KEYWORD", False),
    ("CONTENT_ERROR", False),
    ("USER_REJECT", True),
    ("CUSTOMER_REFUSED", True),
    ("NO_ROUTE", False),
    ("IS_CLOSE", False),
    ("PARAMS_ILLEGAL", False),
    ("SP_NOT_BY_INTER_SMS", False),
    ("SP_UNKNOWN_ERROR", False),
    ("REQUEST_SUCCESS", False),
    ("isv.CUSTOMER_REFUSED", True),
    ("isv.BUSINESS_LIMIT_CONTROL", False),
    ("isv.BLACK_KEY_CONTROL_LIMIT", False),
    ("isv.MOBILE_NUMBER_ILLEGAL", False),
    ("PORT_NOT_REGISTERED", False),
]


@pytest.mark.parametrize(("code", "expected", "source"), ANSWERS)
@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_a_listed_code_decides(code: str, expected: Consequence, source: str, status: int) -> None:
    """In a send the code decides before the HTTP status; the error names it and has a sentence."""
    assert source
    error = codes.of_send(code, status=status)
    assert type(error) is type(expected.error("x"))
    assert (error.code, error.reason[0].isupper(), error.reason[-1]) == (code, True, ".")


def test_every_listed_code_has_a_row() -> None:
    """Nothing is classed without a source."""
    assert [code for code, *_ in ANSWERS if code not in codes.ANSWERS] == []
    assert {code for code, *_ in ANSWERS} == set(codes.ANSWERS)
    assert {code for code, _ in RECEIPTS} == set(codes.RECEIPTS)


@pytest.mark.parametrize(("code", "opted_out"), RECEIPTS)
def test_a_code_of_a_receipt(code: str, opted_out: bool) -> None:
    """Receipts have a table of their own: there, no code pauses the account, and two say "left"."""
    assert codes.failure_reason(code).endswith(".")
    assert (code in codes.RECEIPTS_OPTED_OUT) is opted_out


@pytest.mark.parametrize(
    ("code", "status", "sending", "asking"),
    [
        ("isv.NEW", 200, OutcomeUnknown, VendorRejected),
        ("isv.NEW", 400, OutcomeUnknown, VendorRejected),
        ("isv.NEW", 429, VendorThrottled, VendorThrottled),
        ("isv.NEW", 403, CredentialsRejected, CredentialsRejected),
        ("isv.NEW", 500, OutcomeUnknown, OutcomeUnknown),
        ("HTTP_404", 404, OutcomeUnknown, VendorRejected),
        ("HTTP_408", 408, OutcomeUnknown, OutcomeUnknown),
        ("HTTP_429", 429, VendorThrottled, VendorThrottled),
        ("Throttling.New", 400, VendorThrottled, VendorThrottled),
        ("InvalidAccessKeyId.Inactive", 403, CredentialsRejected, CredentialsRejected),
        ("InvalidSecurityToken.Expired", 400, CredentialsRejected, CredentialsRejected),
        ("isp.SYSTEM_ERROR", 200, OutcomeUnknown, OutcomeUnknown),
        ("isv.TEMPLATE_NOT_EXIST", 200, OutcomeUnknown, NoSuchResource),
        ("isv.SIGN_STATE_ILLEGAL", 200, type(SET_UP.error("x")), VendorRejected),
    ],
)
def test_what_is_not_listed(
    code: str, status: int, sending: type[BridgeError], asking: type[BridgeError]
) -> None:
    """A code nobody documents refuses no recipient for good; a template or a question it does."""
    assert type(codes.of_send(code, status=status)) is sending
    assert type(codes.of_query(code, status=status)) is asking


def test_an_account_pauses_with_a_reason(aliyun: Emulator, build: Build) -> None:
    """Aliyun's own sentence, without a number; ours where it has none."""
    aliyun.plan.add(refusing("isv.DAY_LIMIT_CONTROL", message="13800138000 触发日发送限额"), times=1)
    aliyun.plan.add(refusing("isv.DAY_LIMIT_CONTROL", message=""))
    vendor = build()
    errors = [vendor.send_batch(vendor.channel, batch("13800138000"))[0].error for _ in range(2)]
    assert [type(error) for error in errors] == [CredentialsRejected] * 2
    assert [error.reason for error in errors if error] == [
        "138******00 触发日发送限额",
        "The account's own limit of messages a day is reached.",
    ]
