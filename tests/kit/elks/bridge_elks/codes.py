"""What 46elks' answers mean to the bridge (46elks.se/docs, read 2026-11)."""

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    MessageStatus,
    VendorRejected,
    VendorThrottled,
)

ERRORS: dict[str, type[BridgeError]] = {
    "HTTP_400": VendorRejected,
    "HTTP_401": CredentialsRejected,
    "HTTP_403": CredentialsRejected,
    "HTTP_404": VendorRejected,
    "HTTP_429": VendorThrottled,
}
"""46elks tells an error by the HTTP status, with a sentence as plain text. 403 is an empty balance."""

STATUSES = {
    "created": MessageStatus.ACCEPTED,
    "sent": MessageStatus.ACCEPTED,
    "delivered": MessageStatus.DELIVERED,
    "failed": MessageStatus.UNDELIVERABLE,
}
