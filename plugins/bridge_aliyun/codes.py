"""Aliyun's codes and what each means: those of answers and those of receipts, apart from each other.

Answers: help.aliyun.com 101346, read 2026-11; names that page does not hold come from public code that
restates it. The page lists them as the codes of a call that failed, so a refused call was not accepted for
any of its numbers. A code may come with any HTTP status: the code decides, the status only without one.
Receipts: help.aliyun.com 101347, read 2026-11. There the boolean `success` decides, never the code.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from bridge.plugin import BridgeError, Consequence
from bridge.plugin.masking import mask_sentence

OK = "OK"
NOT_MODIFIABLE = "isv.ERROR_TEMPLATE_NOT_MODIFY"
DOMESTIC_NUMBER = "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"


class Culprit(Enum):
    """What a refused call may be cut for, because its other recipients may pass."""

    CALL = "call"  # all of it
    NUMBER = "number"  # one of its numbers
    VALUES = "values"  # the values of one recipient, where each has their own
    COUNT = "count"  # how many they are


class Code(NamedTuple):
    """A code's consequence in a send, the sentence for it, and what of the call it is about."""

    consequence: Consequence
    reason: str
    culprit: Culprit = Culprit.CALL


_THROTTLED, _UNKNOWN = Consequence.THROTTLED, Consequence.UNKNOWN
_ACCOUNT, _SET_UP, _REJECTED = Consequence.ACCOUNT, Consequence.CONFIGURATION, Consequence.REJECTED
_NO_MONEY = "The balance of the Aliyun account is used up."
_NO_ACCOUNT = "The Aliyun account cannot be used; look at its state in Aliyun's console."
_NOT_ACTIVATED = "The Aliyun account has not activated the Short Message Service."
_NO_PERMISSION = "The AccessKey lacks a permission; see the RAM policy in the plugin's README."
_BAD_KEY = "Aliyun does not accept the AccessKey."
_SIGNATURE = "The signature may not be used for this message at Aliyun."
_VALUES = "A value does not fit its variable in Aliyun's template."
_CONTENT = "The text holds content that Aliyun does not send."
_EXTENSION = "The extension for replies (`extend_code`) may not be used with this signature."
_TEST = "The account may only send Aliyun's test signature and template, to the numbers bound to it."
_SYSTEM = "Aliyun answered with an error of its own."

ANSWERS: Mapping[str, Code] = {
    # Too fast, and nothing was taken.
    "Throttling": Code(_THROTTLED, "Aliyun asked to slow down."),
    "Throttling.User": Code(_THROTTLED, "Aliyun asked to slow down."),
    "Throttling.Api": Code(_THROTTLED, "Aliyun asked to slow down."),
    # Nothing can be sent until a person acts: money, permissions, keys, clock, source address, quotas.
    "isv.OUT_OF_SERVICE": Code(_ACCOUNT, _NO_MONEY),
    "isv.AMOUNT_NOT_ENOUGH": Code(_ACCOUNT, _NO_MONEY),
    "isv.ACCOUNT_NOT_EXISTS": Code(_ACCOUNT, _NO_ACCOUNT),
    "isv.ACCOUNT_ABNORMAL": Code(_ACCOUNT, _NO_ACCOUNT),
    "isv.SECURITY_FROZEN_ACCOUNT": Code(_ACCOUNT, _NO_ACCOUNT),
    "isv.PRODUCT_UN_SUBSCRIPT": Code(_ACCOUNT, _NOT_ACTIVATED),
    "isv.PRODUCT_UNSUBSCRIBE": Code(_ACCOUNT, _NOT_ACTIVATED),
    "isv.DAY_LIMIT_CONTROL": Code(_ACCOUNT, "The account's own limit of messages a day is reached."),
    "isv.MONTH_LIMIT_CONTROL": Code(_ACCOUNT, "The account's own limit of messages a month is reached."),
    "isv.DENY_IP_RANGE": Code(_ACCOUNT, "Aliyun takes no domestic messages from the bridge's IP address."),
    "isv.INTERFACE_OFFLINE": Code(_ACCOUNT, "Aliyun has switched this operation off."),
    "isp.RAM_PERMISSION_DENY": Code(_ACCOUNT, _NO_PERMISSION),
    "NoPermission": Code(_ACCOUNT, _NO_PERMISSION),
    "Forbidden.RAM": Code(_ACCOUNT, _NO_PERMISSION),
    "InvalidAccessKeyId.NotFound": Code(_ACCOUNT, _BAD_KEY),
    "SignatureDoesNotMatch": Code(_ACCOUNT, _BAD_KEY),
    "InvalidCredentials": Code(_ACCOUNT, "The channel has no access key."),
    "InvalidTimeStamp.Expired": Code(_ACCOUNT, "The bridge's clock is wrong by more than 15 minutes."),
    # The signature or template cannot be sent with: not approved, not of this kind, not registered.
    "isv.SMS_SIGNATURE_ILLEGAL": Code(_SET_UP, "The account has no approved signature of this name."),
    "isv.SMS_TEMPLATE_ILLEGAL": Code(_SET_UP, "The account has no approved template of this code."),
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": Code(_SET_UP, "The signature is not for templates of this type."),
    "isv.SMS_SIGN_ILLEGAL": Code(_SET_UP, _SIGNATURE),
    "isv.SIGN_STATE_ILLEGAL": Code(_SET_UP, _SIGNATURE),
    "isv.EXTEND_CODE_ERROR": Code(_SET_UP, _EXTENSION),
    "isv.ONE_CODE_MULTIPLE_SIGN": Code(_SET_UP, _EXTENSION),
    "isv.CODE_ERROR": Code(_SET_UP, _EXTENSION),
    "PORT_NOT_REGISTERED": Code(_SET_UP, "The signature is not registered with the carriers."),
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": Code(_SET_UP, _TEST),
    "isv.SMS_TEST_NUMBER_LIMIT": Code(_SET_UP, _TEST),
    "isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL": Code(_SET_UP, _TEST),
    # One number of the call is the reason ...
    "isv.MOBILE_NUMBER_ILLEGAL": Code(_REJECTED, "The number is not valid.", Culprit.NUMBER),
    DOMESTIC_NUMBER: Code(
        _REJECTED, "An international template cannot be sent to a mainland number.", Culprit.NUMBER
    ),
    "isv.BUSINESS_LIMIT_CONTROL": Code(
        _REJECTED, "The recipient was sent too many messages.", Culprit.NUMBER
    ),
    "isv.BLACK_KEY_CONTROL_LIMIT": Code(
        _REJECTED, "The message holds words that Aliyun does not send.", Culprit.NUMBER
    ),
    "isv.CUSTOMER_REFUSED": Code(Consequence.OPTED_OUT, "The recipient has unsubscribed.", Culprit.NUMBER),
    # ... or the values of one recipient ...
    "isv.INVALID_JSON_PARAM": Code(_REJECTED, _VALUES, Culprit.VALUES),
    "isv.TEMPLATE_MISSING_PARAMETERS": Code(_REJECTED, "A value is missing.", Culprit.VALUES),
    "isv.TEMPLATE_PARAMS_ILLEGAL": Code(_REJECTED, _VALUES, Culprit.VALUES),
    "isv.PARAM_LENGTH_LIMIT": Code(_REJECTED, "A value is too long.", Culprit.VALUES),
    "isv.PARAM_NOT_SUPPORT_URL": Code(_REJECTED, "A value is an address of the web.", Culprit.VALUES),
    "isv.SMS_CONTENT_ILLEGAL": Code(_REJECTED, _CONTENT, Culprit.VALUES),
    "isv.UNSUPPORTED_CONTENT": Code(_REJECTED, _CONTENT, Culprit.VALUES),
    # ... or the request itself.
    "isv.MOBILE_COUNT_OVER_LIMIT": Code(_REJECTED, "The call holds too many numbers.", Culprit.COUNT),
    "isv.INVALID_PARAMETERS": Code(_REJECTED, "Aliyun does not accept a field of the request."),
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": Code(_REJECTED, "The text does not fit its template's type."),
    # Only of templates and signatures, never of sends.
    NOT_MODIFIABLE: Code(_REJECTED, "Aliyun lets only templates be changed whose review failed."),
    "isv.ERROR_TEMPLATE_NOT_DELETE": Code(_REJECTED, "Aliyun deletes no template that is under review."),
    "isv.TEMPLATE_COUNT_OVER_LIMIT": Code(_REJECTED, "The account has as many templates as it may."),
    "isv.SMS_OVER_LIMIT": Code(_REJECTED, "Aliyun takes a hundred new templates a day."),
    "isv.TEMPLATE_OVER_LIMIT": Code(_REJECTED, "The template's text is too long."),
    "template_parameter_count_illegal": Code(_REJECTED, "The template has too many variables."),
    # The message may have gone out. A nonce was used before when the same request arrived twice.
    "isp.SYSTEM_ERROR": Code(_UNKNOWN, _SYSTEM),
    "isp.GATEWAY_ERROR": Code(_UNKNOWN, _SYSTEM),
    "isp.UNKNOWN_ERROR": Code(_UNKNOWN, _SYSTEM),
    "SignatureNonceUsed": Code(_UNKNOWN, "The request arrived at Aliyun more than once."),
}
# Families that the gateway forms: the account's, and too fast.
_FAMILIES = {
    "Throttling.": ANSWERS["Throttling"],
    "Forbidden.": ANSWERS["Forbidden.RAM"],
    "InvalidAccessKeyId": ANSWERS["InvalidAccessKeyId.NotFound"],
    "InvalidSecurityToken": Code(_ACCOUNT, "Aliyun does not accept the security token."),
}

# Which code the Get and Delete operations use for an unknown name is not documented; these are likely
# (from memory), and nothing is approved, sent or ended by them.
NO_SUCH = frozenset({"isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL", "isv.TEMPLATE_NOT_EXIST"})

# What a receipt's code says where no sentence comes with it. MOBLLE is the vendor's own spelling.
RECEIPTS: Mapping[str, str] = {
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
    "CUSTOMER_REFUSED": "The recipient has unsubscribed.",
    # Receipts carry most codes of answers, too; these are about the recipient there.
    "isv.BUSINESS_LIMIT_CONTROL": "The recipient was sent too many messages.",
    "isv.BLACK_KEY_CONTROL_LIMIT": "The message holds words that Aliyun does not send.",
    "isv.CUSTOMER_REFUSED": "The recipient has unsubscribed.",
    "isv.MOBILE_NUMBER_ILLEGAL": "The number is not valid.",
    "PORT_NOT_REGISTERED": "The signature is not registered with the recipient's carrier.",
}
RECEIPTS_OPTED_OUT = frozenset({"isv.CUSTOMER_REFUSED", "CUSTOMER_REFUSED", "USER_REJECT"})


def readable(text: object) -> str:
    """Mask the phone numbers in a vendor's sentence. Returns it fit for logs and marketers."""
    return mask_sentence(str(text or "")).strip()


def failure_reason(code: str, message: object = "") -> str:
    """Explain a receipt. Returns the vendor's sentence, ours for its code, or ""."""
    return readable(message) or RECEIPTS.get(code, "")


def of_send(
    code: str, message: object = "", *, status: int = 200, retry_after_s: float | None = None
) -> BridgeError:
    """Class the answer to a send that is not OK. Returns the error to raise.

    The code decides; a code nobody documents, and an answer without one, by what the status proves.
    """
    known = _known(code) or _by_status(status)
    return _error(known, code, message, retry_after_s)


def of_query(
    code: str, message: object = "", *, status: int = 200, retry_after_s: float | None = None
) -> BridgeError:
    """Class any other answer that is not OK. Returns the error to raise.

    About a name Aliyun does not know it is NoSuchResource; what is not documented is refused for good.
    """
    if code in NO_SUCH:
        known = Code(Consequence.MISSING, "Aliyun does not know it.")
    else:
        known = _known(code) or _by_status(status)
        lenient = known.consequence is _SET_UP or (
            known.consequence is _UNKNOWN and code not in ANSWERS and status < 500 and status != 408
        )
        known = known._replace(consequence=_REJECTED) if lenient else known
    return _error(known, code, message, retry_after_s)


def splits(code: str, *, uniform: bool) -> bool:
    """Tell if a call may pass in two parts. Returns True for a refusal that one recipient may cause."""
    known = _known(code)
    if known is None or known.culprit is Culprit.CALL:
        return False
    return known.culprit is not Culprit.VALUES or not uniform


def _known(code: str) -> Code | None:
    found = ANSWERS.get(code)
    return found or next((kind for start, kind in _FAMILIES.items() if code.startswith(start)), None)


PROVEN = frozenset({401, 403, 429})
"""Statuses that say without any code that the request was not taken."""


def _by_status(status: int) -> Code:
    if status == 429:
        return ANSWERS["Throttling"]
    if status in PROVEN:
        return Code(_ACCOUNT, "Aliyun, or a gateway in front of it, refused access.")
    return Code(_UNKNOWN, "Aliyun gave an answer that its documentation does not explain.")


def _error(known: Code, code: str, message: object, retry_after_s: float | None) -> BridgeError:
    return known.consequence.error(readable(message) or known.reason, code=code, retry_after=retry_after_s)
