"""What the SDK raises, as errors of the bridge. Nothing of an answer's text is quoted: it holds numbers."""

from collections.abc import Mapping
from typing import NamedTuple

import requests
from twilio.base.exceptions import TwilioException

from bridge.plugin import (
    BridgeError,
    Consequence,
    NoSuchResource,
    OutcomeUnknown,
    VendorRejected,
)
from bridge.plugin.http import classify

from . import codes


class Answered(NamedTuple):
    """The head of an answer: what stays known when its body is lost; status 0 before any answer."""

    status: int = 0
    retry_after: float | None = None


_PROVEN = frozenset({401, 403, 429})
"""Statuses that say without a body that nothing was taken."""


def of_submission(error: Exception, overrides: Mapping[int, Consequence], answered: Answered) -> BridgeError:
    """Class what the creation of a message raised. Returns OutcomeUnknown unless the answer is certain."""
    if isinstance(error, BridgeError):
        return error
    if isinstance(error, requests.RequestException) and answered.status not in _PROVEN:
        return classify(error)
    status, number = _numbers(error)
    status = status or (answered.status if answered.status in _PROVEN else 0)
    if not status:
        return OutcomeUnknown("Twilio's answer cannot be read.", code="UNREADABLE_ANSWER")
    consequence, reason = codes.fault(status, number, overrides)
    wait = codes.QUEUE_FULL_WAIT_S if number == codes.QUEUE_FULL else answered.retry_after
    return consequence.error(reason, code=str(number or status), retry_after=wait)


def of_resource(error: Exception, answered: Answered) -> BridgeError:
    """Class what anything but the creation of a message raised. Returns the error to raise."""
    status, number = _numbers(error)
    if status == 404 or number == 20404:
        return NoSuchResource("Twilio does not know it.", code="20404")
    if number not in codes.SUBMIT and 400 <= status < 500 and status not in (401, 403, 408, 429):
        code = str(number or status)
        return VendorRejected(f"Twilio refused the request with error {code}.", code=code)
    return of_submission(error, {}, answered)


def _numbers(error: Exception) -> tuple[int, int | None]:
    """Return the HTTP status and Twilio's code of an SDK exception; (0, None) when it carries no answer."""
    if not isinstance(error, TwilioException):
        return 0, None
    if len(error.args) > 1 and hasattr(error.args[1], "status_code"):
        # Failed lists raise the base class with the response inside (9.13).
        return int(error.args[1].status_code), None
    status, code = getattr(error, "status", None), str(getattr(error, "code", ""))
    return int(status or 0), int(code) if code.isdigit() else None
