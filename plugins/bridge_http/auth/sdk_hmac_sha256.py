"""SDK-HMAC-SHA256 (Huawei Cloud, AK/SK; equal to huaweicloudsdkcore, 2026-11): of calls and of pushes."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from bridge.plugin import WebhookRequest

from ..faults import RecipeFault
from ..language.decoding import WebhookParts
from ..language.values import Names
from .base import Check, KeyedSign, RequestDraft, SchemePlace, Signer, Verify, compile_texts, same

_PROOF = re.compile(
    r"SDK-HMAC-SHA256 Access=([^,\s]+), *SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})"
)
_STAMP = re.compile(r"\d{8}T\d{6}Z")
_FRESH_S = 900
# A proxy in front of the bridge writes this header anew: what vendors' clients send is tried as well.
_CONNECTIONS = ("", "Keep-Alive", "keep-alive", "close")


class SdkHmac(KeyedSign):
    """SDK-HMAC-SHA256 of Huawei Cloud: signs every header that is set before, with host and X-Sdk-Date."""

    scheme: Literal["sdk_hmac_sha256"]

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with X-Sdk-Date and Authorization."""
        return Signer(_apply, needs_bytes=True)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    stamp = datetime.fromtimestamp(draft.names["now"], UTC).strftime("%Y%m%dT%H%M%SZ")
    draft.headers["X-Sdk-Date"] = stamp
    signed = {name.lower(): value.strip() for name, value in draft.headers.items()}
    signed["host"] = draft.host
    names = ";".join(sorted(signed))
    query = draft.query_string if draft.query else ""
    signature = _signature(draft.method, draft.full_path, query, signed, draft.body, texts["secret"])
    draft.headers["Authorization"] = (
        f"SDK-HMAC-SHA256 Access={texts['key']}, SignedHeaders={names}, Signature={signature}"
    )


def _signature(
    method: str, path: str, query: str, signed: Mapping[str, str], body: bytes, secret: str
) -> str:
    """Sign a request; `signed` are its headers that count, x-sdk-date among them."""
    canonical = "\n".join(
        (
            method,
            quote(path.rstrip("/") + "/", safe="/~%"),
            "&".join(sorted(query.split("&"))) if query else "",
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            ";".join(sorted(signed)),
            _sha256(body),
        )
    )
    to_sign = f"SDK-HMAC-SHA256\n{signed['x-sdk-date']}\n{_sha256(canonical.encode())}"
    return hmac.new(secret.encode(), to_sign.encode(), "sha256").hexdigest()


class VerifySdkHmac(Verify):
    """The Authorization of a push that Huawei Cloud signs with the AK and SK of its console."""

    scheme: Literal["sdk_hmac_sha256"]
    key: str
    secret: str

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a comparison with the signature over the headers that the push names."""
        texts = compile_texts({"key": self.key, "secret": self.secret}, names, key, faults)

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            proof = _PROOF.fullmatch(request.headers.get("authorization", ""))
            stamp = request.headers.get("x-sdk-date", "")
            known = texts(given)
            if proof is None or proof[1] != known["key"] or not _fresh(stamp, given["now"]):
                return False
            named = proof[2].split(";")
            if "x-sdk-date" not in named:
                return False
            parts = urlsplit(request.url)
            wanted = (
                _signature(
                    request.method, parts.path or "/", parts.query, headers, request.body, known["secret"]
                )
                for headers in _as_sent(request.headers, named)
            )
            return any(same(proof[3], signature) for signature in wanted)

        return check


def _as_sent(headers: Mapping[str, str], named: list[str]) -> list[dict[str, str]]:
    """Return the headers that are signed, as they may have been before a proxy wrote its own."""
    signed = {name: headers.get(name, "").strip() for name in named}
    if "connection" not in signed:
        return [signed]
    return [{**signed, "connection": value} for value in (signed["connection"], *_CONNECTIONS)]


def _fresh(stamp: str, now: int) -> bool:
    if not _STAMP.fullmatch(stamp):
        return False
    try:
        moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(moment.timestamp() - now) <= _FRESH_S


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
