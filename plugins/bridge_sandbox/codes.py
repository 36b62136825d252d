"""What the carrier's codes mean to the bridge. A code of delivery not listed here settles nothing."""

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    MessageStatus,
    NoSuchResource,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
)

STATUSES = {
    "DELIVRD": MessageStatus.DELIVERED,
    "EXPIRED": MessageStatus.EXPIRED,
    "REJECTD": MessageStatus.REJECTED,
    "UNDELIV": MessageStatus.UNDELIVERABLE,
    "DB:0144": MessageStatus.UNDELIVERABLE,
    "MI:0024": MessageStatus.UNDELIVERABLE,
    "MI:0061": MessageStatus.UNDELIVERABLE,
    "MK:0001": MessageStatus.UNDELIVERABLE,
    "MK:0010": MessageStatus.UNDELIVERABLE,
    "MK:1004": MessageStatus.UNDELIVERABLE,
    "NP:1243": MessageStatus.UNDELIVERABLE,
}

ERRORS: dict[str, tuple[type[BridgeError], str]] = {
    "BAD_KEY": (CredentialsRejected, "The carrier does not accept the channel's account and key."),
    "BAD_REQUEST": (VendorRejected, "The carrier could not read the request."),
    "CALL_EXPIRED": (VendorUnavailable, "The call reached the carrier too late and was not taken."),
    "DUPLICATE_NUMBER": (VendorRejected, "A number occurs twice in one call."),
    "MEDIA_TOO_LARGE": (VendorRejected, "The media of the template are larger than 1900 KB."),
    "NO_CONTENT": (VendorRejected, "The template has no content."),
    "NO_MEDIA": (VendorRejected, "A digital template needs a picture, a sound or a video."),
    "SIGN_NOT_APPROVED": (VendorRejected, "The signature is not approved by the carrier."),
    "TEMPLATE_NOT_APPROVED": (VendorRejected, "The template is not approved by the carrier."),
    "THROTTLED": (VendorThrottled, "The carrier asked to slow down."),
    "TOO_MANY_MESSAGES": (VendorRejected, "The call holds more messages than the carrier takes."),
    "UNKNOWN_SIGN": (NoSuchResource, "The carrier does not know the signature."),
    "UNKNOWN_TEMPLATE": (NoSuchResource, "The carrier does not know the template."),
}
"""Refusals of a whole call. Those of a single message bring their own sentence."""

REFUSALS = frozenset({"CARRIER_NOT_APPROVED", "INVALID_NUMBER", "MISSING_VARIABLE", "OPTED_OUT", "TOO_LONG"})
"""Refusals of one message, for good."""

OF_CONFIGURATION = frozenset(
    {"SIGN_NOT_APPROVED", "TEMPLATE_NOT_APPROVED", "UNKNOWN_SIGN", "UNKNOWN_TEMPLATE"}
)
"""Refusals of a send that a person can lift: its signature or template is not set up here."""
