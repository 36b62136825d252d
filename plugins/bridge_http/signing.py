"""Authentication and signing of requests, one class per scheme.

A signer either adds parameters before the body is written, or works on the bytes that will be sent.
"""

import base64
import hashlib
import hmac
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from . import schema_auth
from .expressions import Compiler, Program
from .faults import Fault, Unsendable
from .filters import sorted_kv, text
from .values import Names

if TYPE_CHECKING:
    from .requesting import Draft
    from .schema_request import Request


class Signer(ABC):
    """Adds proof of who is calling to a draft; `needs_bytes` when it signs the written body."""

    needs_bytes = False
    faults: Sequence[Fault] = ()

    @abstractmethod
    def apply(self, draft: "Draft") -> None:
        """Change the draft in place."""


class BasicAuth(Signer):
    """Authorization: Basic."""

    def apply(self, draft: "Draft") -> None:
        """Set the header."""
        auth = draft.names["_auth"]
        pair = base64.b64encode(f"{auth['user']}:{auth['password']}".encode()).decode()
        draft.headers["Authorization"] = f"Basic {pair}"


class HeaderAuth(Signer):
    """One header."""

    def apply(self, draft: "Draft") -> None:
        """Set the header."""
        auth = draft.names["_auth"]
        draft.headers[auth["name"]] = auth["value"]


class TokenAuth(Signer):
    """A header with the fetched token, which the vendor object puts among the names as `token`."""

    def apply(self, draft: "Draft") -> None:
        """Set the header."""
        auth = draft.names["_auth"]
        draft.headers[auth["header"]] = auth["value"]


class WsseAuth(Signer):
    """X-WSSE: the time of creation is in UTC (Huawei, support.huaweicloud.com api-msgsms, 2026-11)."""

    def __init__(self, digest: str) -> None:
        self._digest = digest

    def apply(self, draft: "Draft") -> None:
        """Set Authorization and X-WSSE."""
        auth, names = draft.names["_auth"], draft.names
        created = datetime.fromtimestamp(names["now"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hashlib.sha256(f"{names['nonce']}{created}{auth['secret']}".encode())
        proof = digest.digest() if self._digest == "raw" else digest.hexdigest().encode()
        draft.headers["Authorization"] = 'WSSE realm="SDP",profile="UsernameToken",type="Appkey"'
        draft.headers["X-WSSE"] = (
            f'UsernameToken Username="{auth["key"]}",PasswordDigest="{base64.b64encode(proof).decode()}",'
            f'Nonce="{names["nonce"]}",Created="{created}"'
        )


def compile_auth(auth: "schema_auth.Auth | None", compiler: Compiler, key: str) -> list[Signer]:
    """Add the scheme's texts to the request's program; returns its signer."""
    texts: dict[str, str] = {}
    signers: list[Signer] = []
    if isinstance(auth, schema_auth.Basic):
        texts, signers = {"user": auth.user, "password": auth.password}, [BasicAuth()]
    elif isinstance(auth, schema_auth.Header):
        texts, signers = {"name": auth.name, "value": auth.value}, [HeaderAuth()]
    elif isinstance(auth, schema_auth.Token):
        texts, signers = {"header": auth.header, "value": auth.value}, [TokenAuth()]
    elif isinstance(auth, schema_auth.Wsse):
        texts, signers = {"key": auth.key, "secret": auth.secret}, [WsseAuth(auth.digest)]
    compiler.section("auth", texts, f"{key}.auth")
    return signers


def sorted_digest(
    scheme: schema_auth.SortedParams, pairs: Mapping[str, Any], texts: Mapping[str, str]
) -> str:
    """The digest over the pairs that are not skipped; `texts` has before, after and hmac, rendered."""
    kept = {name: value for name, value in pairs.items() if name not in {*scheme.skip, scheme.into}}
    joined = texts["before"] + sorted_kv(kept, scheme.pair, scheme.join) + texts["after"]
    if scheme.hmac:
        digest = hmac.new(texts["hmac"].encode(), joined.encode(), scheme.hash).hexdigest()
    else:
        digest = hashlib.new(scheme.hash, joined.encode()).hexdigest()
    return digest.upper() if scheme.case == "upper" else digest


def sorted_texts(scheme: schema_auth.SortedParams) -> dict[str, str]:
    """The texts of the scheme that hold expressions: what stands before and after the pairs, the HMAC key."""
    before, _, after = scheme.wrap.partition("{}")
    return {"before": before, "after": after, "hmac": scheme.hmac}


class SortedParams(Signer):
    """A digest over the parameters of the form, or of the query when there is no form."""

    def __init__(self, scheme: schema_auth.SortedParams) -> None:
        self._scheme = scheme

    def apply(self, draft: "Draft") -> None:
        """Add the digest to the parameters."""
        table = draft.form if draft.form is not None else draft.query
        table[self._scheme.into] = sorted_digest(self._scheme, table, draft.names["_sign"])


class Tc3(Signer):
    """TC3-HMAC-SHA256 with content-type and host signed; X-TC-Timestamp must be among the headers."""

    needs_bytes = True

    def apply(self, draft: "Draft") -> None:
        """Set Authorization."""
        sign, stamp = draft.names["_sign"], draft.headers["X-TC-Timestamp"]
        date = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
        headers = f"content-type:{_header(draft, 'Content-Type').lower()}\nhost:{draft.host}\n"
        canonical = "\n".join(
            (draft.method, "/", draft.query_string, headers, "content-type;host", _sha256(draft.body))
        )
        scope = f"{date}/{sign['service']}/tc3_request"
        to_sign = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{_sha256(canonical.encode())}"
        key = f"TC3{sign['secret_key']}".encode()
        for part in (date, sign["service"], "tc3_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
        draft.headers["Authorization"] = (
            f"TC3-HMAC-SHA256 Credential={sign['secret_id']}/{scope}, "
            f"SignedHeaders=content-type;host, Signature={signature}"
        )


class SdkHmac(Signer):
    """SDK-HMAC-SHA256: every header that is set before is signed, with host and X-Sdk-Date."""

    needs_bytes = True

    def apply(self, draft: "Draft") -> None:
        """Set X-Sdk-Date, Host and Authorization."""
        sign = draft.names["_sign"]
        stamp = datetime.fromtimestamp(draft.names["now"], UTC).strftime("%Y%m%dT%H%M%SZ")
        draft.headers["X-Sdk-Date"] = stamp
        signed = {name.lower(): value.strip() for name, value in draft.headers.items()}
        signed["host"] = draft.host
        names = ";".join(sorted(signed))
        path = quote(draft.full_path.rstrip("/") + "/", safe="/~%")
        canonical = "\n".join(
            (
                draft.method,
                path,
                "&".join(sorted(draft.query_string.split("&"))) if draft.query else "",
                "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
                names,
                _sha256(draft.body),
            )
        )
        to_sign = f"SDK-HMAC-SHA256\n{stamp}\n{_sha256(canonical.encode())}"
        signature = hmac.new(sign["secret"].encode(), to_sign.encode(), "sha256").hexdigest()
        draft.headers["Authorization"] = (
            f"SDK-HMAC-SHA256 Access={sign['key']}, SignedHeaders={names}, Signature={signature}"
        )


class RpcHmac(Signer):
    """HMAC-SHA1 over method and canonical query, with the form's parameters among them."""

    def apply(self, draft: "Draft") -> None:
        """Add Signature to the query."""
        sign = draft.names["_sign"]
        draft.query["AccessKeyId"] = sign["key"]
        every = {**draft.query, **(draft.form or {})}
        canonical = "&".join(f"{_rfc3986(name)}={_rfc3986(text(every[name]))}" for name in sorted(every))
        to_sign = f"{draft.method}&%2F&{_rfc3986(canonical)}"
        mac = hmac.digest(f"{sign['secret']}&".encode(), to_sign.encode(), "sha1")
        draft.query["Signature"] = base64.b64encode(mac).decode()


class ExprSign(Signer):
    """Steps of expressions, run before the body is written when one of them sets a field or parameter."""

    def __init__(
        self, scheme: schema_auth.Expr, names: Mapping[str, frozenset[str] | None], key: str
    ) -> None:
        self._targets = [target for step in scheme.steps for target in step]
        self.needs_bytes = not any(t.startswith(("field:", "query:")) for t in self._targets)
        fields = {
            "method",
            "url",
            "host",
            "path",
            "query",
            "headers",
            "form" if not self.needs_bytes else "body",
        }
        compiler = Compiler({**names, "req": frozenset(fields)})
        for index, step in enumerate(scheme.steps):
            for target, source in step.items():
                place = f"{key}.steps[{index}].{target}"
                if ":" in target:
                    compiler.section(target, source, place)
                else:
                    compiler.define(target, source, place)
        if not any(":" in target for target in self._targets):
            compiler.faults.append(Fault(key, "no step ends in header:NAME, query:NAME or field:NAME"))
        self.faults = tuple(compiler.faults)
        self._program: Program | None = None if self.faults else compiler.finish()

    def apply(self, draft: "Draft") -> None:
        """Put every target's value in its place."""
        view = {
            "method": draft.method,
            "url": draft.url,
            "host": draft.host,
            "path": draft.full_path,
            "query": draft.query,
            "headers": draft.headers,
            "form": draft.form,
            "body": draft.body,
        }
        assert self._program is not None  # noqa: S101 - a recipe with faults is never run
        for target, value in self._program({**draft.names, "req": view}).items():
            kind, _, name = target.partition(":")
            if kind == "header":
                draft.headers[name] = value
            elif kind == "query":
                draft.query[name] = value
            elif draft.form is None:
                raise Unsendable("field: needs a form", target)
            else:
                draft.form[name] = value


def compile_sign(
    request: "Request", compiler: Compiler, names: Mapping[str, frozenset[str] | None], key: str
) -> list[Signer]:
    """Add the scheme's texts to the request's program; returns its signer."""
    sign, place = request.sign, f"{key}.sign"
    texts: dict[str, str] = {}
    signers: list[Signer] = []
    if isinstance(sign, schema_auth.SortedParams):
        texts, signers = sorted_texts(sign), [SortedParams(sign)]
        if not sign.into:
            compiler.faults.append(Fault(f"{place}.into", "is missing: the parameter that holds the digest"))
    elif isinstance(sign, schema_auth.Tc3):
        texts = {"service": sign.service, "secret_id": sign.secret_id, "secret_key": sign.secret_key}
        signers = [Tc3()]
        if "X-TC-Timestamp" not in request.headers:
            compiler.faults.append(Fault(place, "tc3 needs the header X-TC-Timestamp"))
    elif isinstance(sign, schema_auth.SdkHmac):
        texts, signers = {"key": sign.key, "secret": sign.secret}, [SdkHmac()]
    elif isinstance(sign, schema_auth.RpcHmac):
        texts, signers = {"key": sign.key, "secret": sign.secret}, [RpcHmac()]
    elif isinstance(sign, schema_auth.Expr):
        signers = [ExprSign(sign, names, place)]
    compiler.section("sign", texts, place)
    return signers


FetchToken = Callable[[Names], tuple[str, float]]
"""Asks the vendor for a token: the token, and the seconds it is good for."""


class TokenCache:
    """One fetched token, renewed shortly before it expires or when the vendor refuses it."""

    def __init__(self, fetch: FetchToken, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def get(self, names: Names) -> str:
        """The token; `fetch` gives one, and the seconds it is good for, when there is none."""
        with self._lock:
            if not self._token or self._clock() >= self._until:
                self._token, seconds = self._fetch(names)
                self._until = self._clock() + seconds
            return self._token

    def forget(self) -> None:
        """Fetch a new token next time."""
        with self._lock:
            self._token = ""


def _header(draft: "Draft", name: str) -> str:
    return next((value for known, value in draft.headers.items() if known.lower() == name.lower()), "")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _rfc3986(value: str) -> str:
    return quote(value, safe="~")
