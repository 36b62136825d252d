"""X-WSSE (Huawei, support.huaweicloud.com api-msgsms, 2026-11)."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from .base import Auth, RequestDraft, SchemePlace, Signer


class Wsse(Auth):
    """X-WSSE with a SHA-256 digest. Two variants are in use: base64 of the raw digest, or of its hex text."""

    scheme: Literal["wsse"]
    key: str
    secret: str
    digest: Literal["raw", "hex"] = "raw"

    def texts(self) -> dict[str, str]:
        """Name key and secret."""
        return {"key": self.key, "secret": self.secret}

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with Authorization and X-WSSE."""
        return Signer(self._apply)

    def _apply(self, draft: RequestDraft, texts: Mapping[str, Any]) -> None:
        names = draft.names
        created = datetime.fromtimestamp(names["now"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hashlib.sha256(f"{names['nonce']}{created}{texts['secret']}".encode())
        proof = digest.digest() if self.digest == "raw" else digest.hexdigest().encode()
        draft.headers["Authorization"] = 'WSSE realm="SDP",profile="UsernameToken",type="Appkey"'
        draft.headers["X-WSSE"] = (
            f'UsernameToken Username="{texts["key"]}",PasswordDigest="{base64.b64encode(proof).decode()}",'
            f'Nonce="{names["nonce"]}",Created="{created}"'
        )
