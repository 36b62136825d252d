"""What can go wrong at a vendor, named by its consequence for the message.

BridgeError
├── UnsupportedOperation      the vendor has no such operation
├── ConfigurationFault        the channel's settings cannot work; a person must act
├── WebhookRejected           a webhook that is not from the vendor
├── BadNumber                 a phone number that cannot be sent to; a ValueError too
├── MissingVariable           a recipient lacks a value its template needs; a ValueError too
├── VendorRejected            refused for good; never sent again
│   └── NoSuchResource        the template, signature or message is not known to the vendor
├── NotAccepted               certainly not accepted; the same message may be sent again
│   ├── CredentialsRejected   nothing will work until a person acts: the channel is paused
│   ├── VendorThrottled       too fast; sent again after `retry_after`
│   └── VendorUnavailable     no contact; sent again after a wait
└── OutcomeUnknown            may have been accepted: never resent blindly

An error's text is read by marketers and written to logs: it must hold no phone number and no secret.
`bridge.plugin.http` builds such errors from `requests` exceptions without quoting them.
"""


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
    """The webhook's signature, token or form is wrong; it is answered 403 and nothing is stored."""

    default_code = "WEBHOOK_REJECTED"


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


class NotAccepted(BridgeError):
    """Certainly not accepted: the same message may be sent again.

    `retry_after` is the number of seconds the vendor asked for, or None to let the core choose.
    """

    default_code = "NOT_ACCEPTED"

    def __init__(self, reason: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason, code=code)
        self.retry_after = retry_after


class CredentialsRejected(NotAccepted):
    """The account, key or balance is refused: the channel is paused, its messages stay queued."""

    default_code = "CREDENTIALS_REJECTED"


class VendorThrottled(NotAccepted):
    """The vendor asked to slow down and took nothing."""

    default_code = "VENDOR_THROTTLED"


class VendorUnavailable(NotAccepted):
    """No contact (refused, DNS, connect timeout): nothing reached the vendor."""

    default_code = "VENDOR_UNAVAILABLE"


class OutcomeUnknown(BridgeError):
    """The request left and no readable answer came: it may have been accepted."""

    default_code = "OUTCOME_UNKNOWN"
