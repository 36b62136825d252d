"""The auth, sign and verify tables of a recipe."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Digest = Literal["md5", "sha1", "sha256", "sha512"]


class Scheme(BaseModel):
    """Base of every scheme; `scheme` tells them apart."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Basic(Scheme):
    """HTTP Basic: user and password as base64 of UTF-8."""

    scheme: Literal["basic"]
    user: str
    password: str


class Header(Scheme):
    """One header with a literal prefix or an expression."""

    scheme: Literal["header"]
    name: str
    value: str


class Token(Scheme):
    """A token fetched with a request of its own and kept until shortly before it expires.

    `token` and `expires` are paths in the answer (expires in seconds); in `value` the token is `token`.
    """

    scheme: Literal["token"]
    path: str
    form: dict[str, str] | None = None
    json_: dict[str, str] | None = Field(None, alias="json")
    basic: list[str] = []
    token: str = "body.access_token"  # noqa: S105 - a path
    expires: str = "body.expires_in"
    header: str = "Authorization"
    value: str = "Bearer {{ token }}"
    early_s: Annotated[float, Field(ge=0)] = 60


class Wsse(Scheme):
    """X-WSSE with a SHA-256 digest. Two variants are in use: base64 of the raw digest, or of its hex text."""

    scheme: Literal["wsse"]
    key: str
    secret: str
    digest: Literal["raw", "hex"] = "raw"


Auth = Annotated[Basic | Header | Token | Wsse, Field(discriminator="scheme")]


class SortedParams(Scheme):
    """A digest over the sorted parameters, put back among them as `into`.

    With `hmac` the digest is an HMAC with that key. `pair` has `{k}` and `{v}`; `wrap` has one `{}`.
    """

    scheme: Literal["sorted_params"]
    hash: Digest = "md5"
    hmac: str = ""
    skip: list[str] = []
    pair: str = "{k}={v}"
    join: str = "&"
    wrap: str = "{}"
    case: Literal["lower", "upper"] = "lower"
    into: str = ""

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if self.wrap.replace("{{", "").replace("}}", "").count("{}") != 1:
            raise ValueError("wrap needs exactly one {}")
        return self


class Tc3(Scheme):
    """TC3-HMAC-SHA256 of Tencent Cloud over the body's bytes."""

    scheme: Literal["tc3"]
    service: str
    secret_id: str
    secret_key: str


class SdkHmac(Scheme):
    """SDK-HMAC-SHA256 of Huawei Cloud (AK/SK)."""

    scheme: Literal["sdk_hmac_sha256"]
    key: str
    secret: str


class RpcHmac(Scheme):
    """The classic RPC signature of Alibaba Cloud: HMAC-SHA1 over the sorted query."""

    scheme: Literal["rpc_hmac_sha1"]
    key: str
    secret: str


class Expr(Scheme):
    """Ordered steps of one key each; `header:NAME`, `query:NAME` and `field:NAME` put the value there.

    The expressions see `req` (method, url, host, path, query, headers, body) and the steps before them.
    """

    scheme: Literal["expr"]
    steps: Annotated[list[dict[str, str]], Field(min_length=1)]


Sign = Annotated[SortedParams | Tc3 | SdkHmac | RpcHmac | Expr, Field(discriminator="scheme")]


class Equals(Scheme):
    """A field, header or query parameter equals an expression, compared in constant time.

    Names: `body` (decoded), `raw` (bytes), `text`, `form`, `query`, `headers`, `url`, `method`.
    `separator` splits the received value into alternatives.
    """

    scheme: Literal["equals"] = "equals"
    field: str = ""
    header: str = ""
    query: str = ""
    separator: str = ""
    equals: str

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(map(bool, (self.field, self.header, self.query))) != 1:
            raise ValueError("needs exactly one of field, header and query")
        return self


class HmacHeader(Scheme):
    """A header holds the HMAC of the body's bytes."""

    scheme: Literal["hmac_header"]
    header: str
    key: str
    hash: Digest = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""


class VerifySorted(SortedParams):
    """A parameter holds the sorted-parameter digest of the others."""

    field: str


class JwtHs256(Scheme):
    """A header holds a JWT (HS256) with SHA-256 hashes of the URL and the body (MessageBird)."""

    scheme: Literal["jwt_hs256"]
    header: str
    key: str
    issuer: str = ""


class Addresses(Scheme):
    """The caller's address lies in one of these networks."""

    scheme: Literal["addresses"]
    allow: Annotated[list[str], Field(min_length=1)]


def _scheme_of(value: Any) -> str:
    return str(value.get("scheme", "equals") if isinstance(value, dict) else value.scheme)


Verify = Annotated[
    Annotated[Equals, Tag("equals")]
    | Annotated[HmacHeader, Tag("hmac_header")]
    | Annotated[VerifySorted, Tag("sorted_params")]
    | Annotated[JwtHs256, Tag("jwt_hs256")]
    | Annotated[Addresses, Tag("addresses")],
    Discriminator(_scheme_of),
]
