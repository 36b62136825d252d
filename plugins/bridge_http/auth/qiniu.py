"""The signature of Qiniu (developer.qiniu.com/kodo/1201; equal to QiniuMacAuth of qiniu 7.18.0, 2026-11)."""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from .base import KeyedSign, RequestDraft, SchemePlace, Signer

_DATE = "X-Qiniu-Date"


class Qiniu(KeyedSign):
    """HMAC-SHA1 over method, path, query, host, content type, X-Qiniu-Date and body."""

    scheme: Literal["qiniu"]

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with X-Qiniu-Date and Authorization."""
        return Signer(_apply, needs_bytes=True)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    stamp = datetime.fromtimestamp(draft.names["now"], UTC).strftime("%Y%m%dT%H%M%SZ")
    draft.headers[_DATE] = stamp
    kind = draft.header("Content-Type")
    if not kind:  # the vendor's client has one in every request, and signs it
        kind = draft.headers["Content-Type"] = "application/x-www-form-urlencoded"
    path = draft.full_path + (f"?{draft.query_string}" if draft.query else "")
    head = f"{draft.method} {path}\nHost: {draft.host}\nContent-Type: {kind}\n{_DATE}: {stamp}\n\n"
    body = b"" if kind == "application/octet-stream" else draft.body
    mac = hmac.digest(texts["secret"].encode(), head.encode() + body, "sha1")
    draft.headers["Authorization"] = f"Qiniu {texts['key']}:{base64.urlsafe_b64encode(mac).decode()}"
