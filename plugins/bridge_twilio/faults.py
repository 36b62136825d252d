"""What the SDK raises, as errors of the bridge. Nothing of an answer's text is quoted: it holds numbers."""

from collections.abc import Mapping

import requests
from twilio.base.exceptions import TwilioException

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    NoSuchResource,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
)
from bridge.plugin.http import classify

from . import codes
from .codes import Consequence


def of_submission(
    error: Exception, overrides: Mapping[int, Consequence], retry_after: float | None
) -> BridgeError:
    """The consequence for the message being created; OutcomeUnknown unless the answer is certain."""
    if isinstance(error, BridgeError):
        return error
    if isinstance(error, requests.RequestException):
        return classify(error)
    status, number = _numbers(error)
    if not status:
        return OutcomeUnknown("Twilio's answer cannot be read.", code="UNREADABLE_ANSWER")
    consequence, reason = codes.fault(status, number, overrides)
    code = str(number or status)
    if consequence is Consequence.RETRY:
        wait = codes.QUEUE_FULL_WAIT_S if number == codes.QUEUE_FULL else retry_after
        return VendorThrottled(reason, code=code, retry_after=wait)
    return _ERRORS[consequence](reason, code=code)


def of_resource(error: Exception, retry_after: float | None) -> BridgeError:
    """The consequence for anything but a message."""
    status, number = _numbers(error)
    if status == 404 or number == 20404:
        return NoSuchResource("Twilio does not know it.", code="20404")
    if number not in codes.SUBMIT and 400 <= status < 500 and status not in (401, 403, 408, 429):
        code = str(number or status)
        return VendorRejected(f"Twilio refused the request with error {code}.", code=code)
    return of_submission(error, {}, retry_after)


_ERRORS: Mapping[Consequence, type[BridgeError]] = {
    Consequence.ACCOUNT: CredentialsRejected,
    Consequence.PERMANENT: VendorRejected,
    Consequence.UNKNOWN: OutcomeUnknown,
}


def _numbers(error: Exception) -> tuple[int, int | None]:
    """The HTTP status and Twilio's code of an SDK exception; (0, None) when it carries no answer."""
    if not isinstance(error, TwilioException):
        return 0, None
    if len(error.args) > 1 and hasattr(error.args[1], "status_code"):
        # Failed lists raise the base class with the response inside (9.13).
        return int(error.args[1].status_code), None
    status, code = getattr(error, "status", None), str(getattr(error, "code", ""))
    return int(status or 0), int(code) if code.isdigit() else None
