"""What can go wrong at a vendor, named by its consequence for the message.

BridgeError
├── UnsupportedOperation      the vendor has no such operation
├── ConfigurationFault        the channel's settings cannot work; a person must act
├── WebhookRejected           a webhook that is not from the vendor
├── BadNumber                 a phone number that cannot be sent to; a ValueError too
├── MissingVariable           a recipient lacks a value its template needs; a ValueError too
├── VendorRejected            refused for good; never sent again
│   ├── NoSuchResource        the template, signature or message is not known to the vendor
│   └── OptedOut              the recipient wants no messages: the number is suppressed
├── NotAccepted               certainly not accepted; the same message may be sent again
│   ├── CredentialsRejected   nothing will work until a person acts: the channel is paused
│   ├── ConfigurationRefused  this template, signature or route works only after a person acted
│   ├── VendorThrottled       too fast; sent again after `retry_after`
│   │   └── HeldUntil         the vendor sends nothing before a moment, such as the end of its night
│   └── VendorUnavailable     documented as not accepted; sent again after a wait
│       └── VendorUnreachable no contact: not a byte left
└── OutcomeUnknown            may have been accepted: never resent blindly

An error's text is read by marketers and written to logs: it must hold no phone number and no secret.
`bridge.plugin.http` builds such errors from `requests` exceptions without quoting them.
A table of a vendor's codes names its classes by `Consequence`.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from .moments import require_aware


class BridgeError(Exception):
    """Base of every error a plugin may raise.

    `reason` is one sentence a marketer understands; `code` is the vendor's own code, or "".
    """

    default_code = "VENDOR_ERROR"

    def __init__(self, reason: str, *, code: str = "") -> None:
        super().__init__(f"{code}: {reason}" if code else reason)
        self.reason = reason
        self.code = code or self.default_code


class UnsupportedOperation(BridgeError):
    """The vendor has no such operation; the reason says what to do instead."""

    default_code = "UNSUPPORTED_OPERATION"


class ConfigurationFault(BridgeError):
    """The channel's settings cannot work: raised by a vendor's constructor or `check_channel`."""

    default_code = "CONFIGURATION_FAULT"


class WebhookRejected(BridgeError):
    """The webhook's signature, token or form is wrong: nothing is stored, and it is kept for the operator.

    `status` is the HTTP status of the answer: the one after which this vendor sends the webhook again, so
    that one wrong secret loses no receipt. Some never repeat after 4xx; for them it is 503.
    """

    default_code = "WEBHOOK_REJECTED"

    def __init__(self, reason: str, *, code: str = "", status: int = 403) -> None:
        super().__init__(reason, code=code)
        if not 400 <= status <= 599:
            raise ValueError("a rejected webhook is answered with a status from 400 to 599")
        self.status = status


class BadNumber(BridgeError, ValueError):
    """The text is no phone number of the family its template is for. The text itself is never quoted."""

    default_code = "INVALID_NUMBER"


class MissingVariable(BridgeError, ValueError):
    """A recipient has no value for a placeholder of its template."""

    default_code = "MISSING_VARIABLE"


class VendorRejected(BridgeError):
    """The vendor refused the request for good: sending it again would be refused again."""

    default_code = "VENDOR_REJECTED"


class NoSuchResource(VendorRejected):
    """The vendor knows no such template, signature or message."""

    default_code = "NO_SUCH_RESOURCE"


class OptedOut(VendorRejected):
    """The recipient wants no messages from this sender: the number goes on the suppression list."""

    default_code = "OPTED_OUT"


class NotAccepted(BridgeError):
    """Certainly not accepted: the same message may be sent again.

    `retry_after` is the number of seconds the vendor asked for, or None to let the bridge choose.
    """

    default_code = "NOT_ACCEPTED"

    def __init__(self, reason: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason, code=code)
        self.retry_after = retry_after


class CredentialsRejected(NotAccepted):
    """The account, key or balance is refused: the channel is paused, its messages stay queued."""

    default_code = "CREDENTIALS_REJECTED"


class ConfigurationRefused(NotAccepted):
    """The template, signature, route or country is not set up at the vendor.

    The account works: only the messages that need this wait, longer each time, until a person has acted.
    """

    default_code = "CONFIGURATION_REFUSED"


class VendorThrottled(NotAccepted):
    """The vendor asked to slow down and took nothing."""

    default_code = "VENDOR_THROTTLED"


class HeldUntil(VendorThrottled):
    """The vendor takes such messages from `until` on, an aware moment: its night hours, or tomorrow's quota.

    The messages wait until then; the channel goes on with others.
    """

    default_code = "VENDOR_CLOSED"

    def __init__(self, reason: str, *, until: datetime, code: str = "") -> None:
        super().__init__(reason, code=code)
        require_aware(self, until=until)
        self.until = until


class VendorUnavailable(NotAccepted):
    """The vendor says that it is out of service and took nothing, or it could not be reached."""

    default_code = "VENDOR_UNAVAILABLE"


class VendorUnreachable(VendorUnavailable):
    """Not a byte reached the vendor: unknown host, refused connection, wrong certificate."""


class OutcomeUnknown(BridgeError):
    """The request left and no readable answer came: it may have been accepted."""

    default_code = "OUTCOME_UNKNOWN"


class Consequence(StrEnum):
    """What a vendor's code means for the message: the one list for tables of codes and for settings."""

    THROTTLED = "throttled"  # not accepted: slow down
    UNAVAILABLE = "unavailable"  # documented as not accepted: sent again after a wait
    ACCOUNT = "account"  # credentials, balance, a limit of the account: the channel pauses, the queue stays
    CONFIGURATION = "configuration"  # template, signature, route, country: the queue stays, a person is told
    HOLD = "hold"  # not accepted before a moment
    REJECTED = "rejected"  # final for the message
    MISSING = "missing"  # final: the vendor does not know the template, signature or message
    OPTED_OUT = "opted_out"  # final, and the number is suppressed
    UNKNOWN = "unknown"  # may have been accepted

    @property
    def kind(self) -> type[BridgeError]:
        """The class of the error."""
        return HeldUntil if self is Consequence.HOLD else _ERRORS[self]

    def error(
        self,
        reason: str,
        *,
        code: str = "",
        retry_after: float | None = None,
        until: datetime | None = None,
    ) -> BridgeError:
        """Make the error of this consequence.

        Returns an error to raise, or to hand to `failure`. HOLD needs `until`, an aware moment.
        """
        if self is Consequence.HOLD:
            if until is None:
                raise ValueError("a consequence of hold needs until")
            return HeldUntil(reason, until=until, code=code)
        kind = _ERRORS[self]
        if issubclass(kind, NotAccepted):
            return kind(reason, code=code, retry_after=retry_after)
        return kind(reason, code=code)


_ERRORS: Mapping[Consequence, type[BridgeError]] = {
    Consequence.THROTTLED: VendorThrottled,
    Consequence.UNAVAILABLE: VendorUnavailable,
    Consequence.ACCOUNT: CredentialsRejected,
    Consequence.CONFIGURATION: ConfigurationRefused,
    Consequence.REJECTED: VendorRejected,
    Consequence.MISSING: NoSuchResource,
    Consequence.OPTED_OUT: OptedOut,
    Consequence.UNKNOWN: OutcomeUnknown,
}
