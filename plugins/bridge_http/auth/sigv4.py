"""Signature version 4 of AWS (equal to botocore 1.44.8, 2026-11)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from .base import RequestDraft, SchemePlace, Sign, Signer


class SigV4(Sign):
    """AWS4-HMAC-SHA256 over content-type, host, every x-amz header and the body.

    `session` is the session token of temporary credentials.
    """

    scheme: Literal["sigv4"]
    key: str
    secret: str
    service: str
    region: str
    session: str = ""

    def texts(self) -> dict[str, str]:
        """Name key, secret and session token, service and region."""
        return {
            "key": self.key,
            "secret": self.secret,
            "service": self.service,
            "region": self.region,
            "session": self.session,
        }

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with X-Amz-Date and Authorization."""
        return Signer(_apply, needs_bytes=True)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    stamp = datetime.fromtimestamp(draft.names["now"], UTC).strftime("%Y%m%dT%H%M%SZ")
    draft.headers["X-Amz-Date"] = stamp
    if texts["session"]:
        draft.headers["X-Amz-Security-Token"] = texts["session"]
    signed = {name.lower(): " ".join(value.split()) for name, value in draft.headers.items()}
    signed = {name: value for name, value in signed.items() if name == "content-type" or "x-amz-" in name}
    signed["host"] = draft.host
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        (
            draft.method,
            quote(draft.full_path, safe="/~"),
            "&".join(sorted(draft.query_string.split("&"))) if draft.query else "",
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            names,
            _sha256(draft.body),
        )
    )
    scope = f"{stamp[:8]}/{texts['region']}/{texts['service']}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{_sha256(canonical.encode())}"
    key = f"AWS4{texts['secret']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    draft.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={texts['key']}/{scope}, SignedHeaders={names}, Signature={signature}"
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
