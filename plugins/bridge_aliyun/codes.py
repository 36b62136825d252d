"""Aliyun's codes, sorted by what they mean for the message.

The names come from the vendor's list (help.aliyun.com 101346, read 2026-11) and, for the rarer ones, from
public code that restates it. A code may come with HTTP 200 or with a 4xx: the code decides, not the status.
"""

import re

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    NoSuchResource,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
)
from bridge.plugin.phone import mask

OK = "OK"
NOT_MODIFIABLE = "isv.ERROR_TEMPLATE_NOT_MODIFY"
DOMESTIC_NUMBER = "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"

# Nothing can be sent until a person acts: money, permissions, keys, clock, source address, quotas.
ACCOUNT = frozenset(
    {
        "isv.OUT_OF_SERVICE",
        "isv.AMOUNT_NOT_ENOUGH",
        "isv.ACCOUNT_NOT_EXISTS",
        "isv.ACCOUNT_ABNORMAL",
        "isv.SECURITY_FROZEN_ACCOUNT",
        "isv.PRODUCT_UN_SUBSCRIPT",
        "isv.PRODUCT_UNSUBSCRIBE",
        "isp.RAM_PERMISSION_DENY",
        "isv.DENY_IP_RANGE",
        "isv.DAY_LIMIT_CONTROL",
        "isv.MONTH_LIMIT_CONTROL",
        "isv.INTERFACE_OFFLINE",
        "NoPermission",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAccessKeyId",
        "InvalidCredentials",
        "InvalidTimeStamp.Expired",
    }
)
_ACCOUNT_FAMILIES = ("InvalidAccessKeyId", "InvalidSecurityToken", "Forbidden")

# The vendor says of these that the message may have gone out.
UNKNOWN = frozenset({"isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "isp.UNKNOWN_ERROR"})

# Which code the two Get operations use for an unknown name is not documented; these are the likely ones.
NO_SUCH = frozenset({"isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL", "isv.TEMPLATE_NOT_EXIST"})

# A call is refused as a whole, and these say that one of its numbers is the reason ...
ONE_NUMBER = frozenset(
    {
        "isv.MOBILE_NUMBER_ILLEGAL",
        DOMESTIC_NUMBER,
        "isv.BUSINESS_LIMIT_CONTROL",
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.CUSTOMER_REFUSED",
    }
)
# ... or the values of one recipient, where each has their own.
ONE_RECIPIENT = frozenset(
    {
        "isv.INVALID_JSON_PARAM",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        "isv.TEMPLATE_PARAMS_ILLEGAL",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        "isv.SMS_CONTENT_ILLEGAL",
        "isv.UNSUPPORTED_CONTENT",
    }
)

# In answers and in receipts: this person does not want messages under this signature.
OPTED_OUT = frozenset({"isv.CUSTOMER_REFUSED", "CUSTOMER_REFUSED", "USER_REJECT"})

# What a receipt's code says where no sentence comes with it. MOBLLE is the vendor's own spelling.
_SENTENCES = {
    "MOBILE_NOT_ON_SERVICE": "The number is out of service or its phone is off.",
    "INVALID_NUMBER": "The number does not exist.",
    "MOBILE_SEND_LIMIT": "The recipient was sent too many messages.",
    "MOBILE_ACCOUNT_ABNORMAL": "The recipient's account is suspended or in arrears.",
    "MOBILE_IN_BLACK": "The recipient is on a block list.",
    "MOBLLE_TERMINAL_ERROR": "The handset could not take the message.",
    "CONTENT_KEYWORD": "The carrier's content filter stopped the message.",
    "CONTENT_ERROR": "The carrier's content filter stopped the message.",
    "USER_REJECT": "The recipient has unsubscribed.",
    "NO_ROUTE": "No carrier takes the message to this number.",
    "IS_CLOSE": "The carrier closed the channel the message was sent on.",
    "PARAMS_ILLEGAL": "The carrier did not accept the message's values.",
    "SP_NOT_BY_INTER_SMS": "The recipient takes no international messages.",
    "SP_UNKNOWN_ERROR": "The carrier reported an error it did not name.",
    "REQUEST_SUCCESS": "The carrier took the message and never reported on it.",
    "isv.BUSINESS_LIMIT_CONTROL": "The recipient was sent too many messages.",
    "isv.BLACK_KEY_CONTROL_LIMIT": "The message holds words that Aliyun does not send.",
    "isv.CUSTOMER_REFUSED": "The recipient has unsubscribed.",
}

_LONG_NUMBER = re.compile(r"\d{7,}")


def readable(text: object) -> str:
    """The vendor's sentence without phone numbers, fit for logs and marketers."""
    return _LONG_NUMBER.sub(lambda match: mask(match[0]), str(text or "")).strip()


def failure_reason(code: str, message: object = "") -> str:
    """Why a message was not delivered: the vendor's sentence, ours for its code, or ""."""
    return readable(message) or _SENTENCES.get(code, "")


def refusal(
    code: str, message: object, *, status: int = 200, retry_after_s: float | None = None
) -> BridgeError:
    """The error for an answer that is not OK, by its code and, where that says nothing, by its status."""
    reason = readable(message) or "Aliyun refused the request."
    if code.startswith("Throttling") or status == 429:
        return VendorThrottled(reason, code=code, retry_after=retry_after_s)
    if code in UNKNOWN or status >= 500:
        return OutcomeUnknown(reason, code=code)
    if code in ACCOUNT or code.startswith(_ACCOUNT_FAMILIES) or status in (401, 403):
        return CredentialsRejected(reason, code=code)
    return NoSuchResource(reason, code=code) if code in NO_SUCH else VendorRejected(reason, code=code)


def splits(code: str, *, uniform: bool) -> bool:
    """Whether a call refused with this code may pass when it is cut in two."""
    return code in ONE_NUMBER or (not uniform and code in ONE_RECIPIENT)
