"""HMAC-SHA256 of Volcengine (equal to SignerV4 of volc-sdk-python 1.0.229, 2026-11)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from .base import RequestDraft, SchemePlace, Sign, Signer


class Volc(Sign):
    """Version 4 of Volcengine over content-type, host, the body's digest and the time."""

    scheme: Literal["volc"]
    key: str
    secret: str
    service: str
    region: str = "cn-north-1"

    def texts(self) -> dict[str, str]:
        """Name key and secret, service and region."""
        return {"key": self.key, "secret": self.secret, "service": self.service, "region": self.region}

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with X-Date, X-Content-Sha256 and Authorization."""
        return Signer(_apply, needs_bytes=True)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    stamp = datetime.fromtimestamp(draft.names["now"], UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = _sha256(draft.body)
    draft.headers |= {"X-Date": stamp, "X-Content-Sha256": digest}
    signed = {"host": draft.host, "x-content-sha256": digest, "x-date": stamp}
    if kind := draft.header("Content-Type"):
        signed["content-type"] = kind
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        (
            draft.method,
            draft.full_path,
            "&".join(sorted(draft.query_string.split("&"))) if draft.query else "",
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            names,
            digest,
        )
    )
    scope = f"{stamp[:8]}/{texts['region']}/{texts['service']}/request"
    to_sign = f"HMAC-SHA256\n{stamp}\n{scope}\n{_sha256(canonical.encode())}"
    key = texts["secret"].encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    draft.headers["Authorization"] = (
        f"HMAC-SHA256 Credential={texts['key']}/{scope}, SignedHeaders={names}, Signature={signature}"
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
