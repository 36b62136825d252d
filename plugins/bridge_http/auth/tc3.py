"""TC3-HMAC-SHA256 (Tencent Cloud, cloud.tencent.com/document/api/382/52072, 2026-11)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from ..faults import RecipeFault
from .base import RequestDraft, SchemePlace, Sign, Signer

_STAMP = "X-TC-Timestamp"


class Tc3(Sign):
    """TC3-HMAC-SHA256 of Tencent Cloud over the body's bytes, with content-type and host signed."""

    scheme: Literal["tc3"]
    service: str
    secret_id: str
    secret_key: str

    def texts(self) -> dict[str, str]:
        """Name the service, and id and key of the secret."""
        return {"service": self.service, "secret_id": self.secret_id, "secret_key": self.secret_key}

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with Authorization; the time is that of a header of the request."""
        if _STAMP not in place.headers:
            place.faults.append(RecipeFault(place.key, f"tc3 needs the header {_STAMP}"))
        return Signer(_apply, needs_bytes=True)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    stamp = draft.headers[_STAMP]
    date = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    headers = f"content-type:{draft.header('Content-Type').lower()}\nhost:{draft.host}\n"
    canonical = "\n".join(
        (draft.method, "/", draft.query_string, headers, "content-type;host", _sha256(draft.body))
    )
    scope = f"{date}/{texts['service']}/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{_sha256(canonical.encode())}"
    key = f"TC3{texts['secret_key']}".encode()
    for part in (date, texts["service"], "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    draft.headers["Authorization"] = (
        f"TC3-HMAC-SHA256 Credential={texts['secret_id']}/{scope}, "
        f"SignedHeaders=content-type;host, Signature={signature}"
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
