"""bce-auth-v1 (Baidu Cloud, cloud.baidu.com/doc/SMS/s/Wjwvxrxsv; equal to bce-python-sdk 0.9.79, 2026-11)."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from .base import KeyedSign, RequestDraft, SchemePlace, Signer

_SECONDS = 1800
_SIGNED = "host;x-bce-date"
"""The headers the page of the SMS service has signed; the body is not."""


class Bce(KeyedSign):
    """bce-auth-v1 of Baidu Cloud over method, path, query, host and time."""

    scheme: Literal["bce"]

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with x-bce-date and Authorization."""
        return Signer(_apply, needs_bytes=True)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    stamp = datetime.fromtimestamp(draft.names["now"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    draft.headers["x-bce-date"] = stamp
    prefix = f"bce-auth-v1/{texts['key']}/{stamp}/{_SECONDS}"
    canonical = "\n".join(
        (
            draft.method,
            draft.full_path,
            "&".join(sorted(draft.query_string.split("&"))) if draft.query else "",
            f"host:{quote(draft.host, safe='')}",
            f"x-bce-date:{quote(stamp, safe='')}",
        )
    )
    key = hmac.digest(texts["secret"].encode(), prefix.encode(), "sha256").hex()
    signature = hmac.digest(key.encode(), canonical.encode(), "sha256").hex()
    draft.headers["Authorization"] = f"{prefix}/{_SIGNED}/{signature}"
