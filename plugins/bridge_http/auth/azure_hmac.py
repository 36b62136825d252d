"""HMAC of Azure Communication Services (equal to azure-communication-sms 1.1.0, 2026-11)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from bridge.plugin import CredentialsRejected

from .base import RequestDraft, SchemePlace, Sign, Signer

_SIGNED = "x-ms-date;host;x-ms-content-sha256"


class AzureHmac(Sign):
    """HMAC-SHA256 of Azure over path, query, time, host and the body's digest; the key is base64."""

    scheme: Literal["azure_hmac"]
    key: str

    def texts(self) -> dict[str, str]:
        """Name the key."""
        return {"key": self.key}

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with x-ms-date, x-ms-content-sha256 and Authorization."""
        return Signer(_apply, needs_bytes=True)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    try:
        key = base64.b64decode(texts["key"], validate=True)
    except (binascii.Error, ValueError):
        raise CredentialsRejected(
            "The access key is not base64: copy it whole, with the = at its end.", code="KEY_NOT_BASE64"
        ) from None
    stamp = datetime.fromtimestamp(draft.names["now"], UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    digest = base64.b64encode(hashlib.sha256(draft.body).digest()).decode()
    path = draft.full_path + (f"?{draft.query_string}" if draft.query else "")
    to_sign = f"{draft.method}\n{path}\n{stamp};{draft.host};{digest}"
    signature = base64.b64encode(hmac.digest(key, to_sign.encode(), "sha256")).decode()
    draft.headers |= {
        "x-ms-date": stamp,
        "x-ms-content-sha256": digest,
        "Authorization": f"HMAC-SHA256 SignedHeaders={_SIGNED}&Signature={signature}",
    }
