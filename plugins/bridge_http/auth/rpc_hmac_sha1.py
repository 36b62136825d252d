"""The classic RPC signature of Alibaba Cloud."""

import base64
import hmac
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from ..language.filters import text
from .base import KeyedSign, RequestDraft, SchemePlace, Signer


class RpcHmac(KeyedSign):
    """HMAC-SHA1 over method and canonical query, with the form's parameters among them."""

    scheme: Literal["rpc_hmac_sha1"]

    def signer(self, place: SchemePlace) -> Signer:
        """Sign by adding Signature to the query."""
        return Signer(_apply)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    draft.query["AccessKeyId"] = texts["key"]
    every = {**draft.query, **(draft.form or {})}
    canonical = "&".join(f"{_rfc3986(name)}={_rfc3986(text(every[name]))}" for name in sorted(every))
    to_sign = f"{draft.method}&%2F&{_rfc3986(canonical)}"
    mac = hmac.digest(f"{texts['secret']}&".encode(), to_sign.encode(), "sha1")
    draft.query["Signature"] = base64.b64encode(mac).decode()


def _rfc3986(value: str) -> str:
    return quote(value, safe="~")
