"""What every scheme is made of: its keys in a recipe, and how it is applied to a request or a webhook."""

import hmac
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict

from bridge.plugin import WebhookRejected, WebhookRequest

from ..faults import RecipeFault, Unsendable
from ..language.decoding import WebhookParts
from ..language.expressions import Compiler
from ..language.filters import text
from ..language.paths import UnreadableAnswer
from ..language.values import Names

Known = Mapping[str, frozenset[str] | None]
"""The names expressions may use, each with its known keys, or None when any key may occur."""


def pairs(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the pairs of a form or query.

    Returns them in order; a list repeats its name.
    """
    return [
        (name, text(item))
        for name, value in table.items()
        for item in (value if isinstance(value, list) else (value,))
    ]


@dataclass
class RequestDraft:
    """A request in the making. `form` is set while the parameters of a form may still be added to."""

    method: str
    base_url: str
    path: str
    query: dict[str, Any]
    headers: dict[str, str]
    form: dict[str, Any] | None = None
    body: bytes = b""
    names: Names = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The whole URL as it is sent."""
        return self.base_url + self.path + ("?" + self.query_string if self.query else "")

    @property
    def query_string(self) -> str:
        """The query, percent-encoded as RFC 3986 says."""
        return urlencode(pairs(self.query), quote_via=quote, safe="")

    @property
    def host(self) -> str:
        """Host and, unless it is the default one, port."""
        return urlsplit(self.base_url).netloc

    @property
    def full_path(self) -> str:
        """The base URL's own path and the request's."""
        return (urlsplit(self.base_url).path + self.path) or "/"

    def header(self, name: str) -> str:
        """Find a header in any case.

        Returns its value, or "".
        """
        return next((value for known, value in self.headers.items() if known.lower() == name.lower()), "")


class Signer(NamedTuple):
    """Changes a draft in place, given the scheme's texts; `needs_bytes` when it works on the written body."""

    apply: Callable[[RequestDraft, Mapping[str, Any]], None]
    needs_bytes: bool = False


class SchemePlace(NamedTuple):
    """Where a scheme is compiled: its key in the file, the names there, the headers of its request."""

    key: str
    names: Known
    headers: Iterable[str]
    faults: list[RecipeFault]


class Scheme(BaseModel):
    """Base of every scheme; `scheme` tells them apart."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Proof(Scheme):
    """Proves to the vendor who is calling."""

    adds: ClassVar[Sequence[str]] = ()
    """Names that expressions of such a request see beside the others."""

    def texts(self) -> dict[str, str]:
        """Name the texts of the scheme that hold expressions.

        Returns them by name; they are evaluated with the request and handed to the signer.
        """
        return {}

    @abstractmethod
    def signer(self, place: SchemePlace) -> Signer:
        """Compile the scheme; what is wrong with it is added to the faults of the place."""


class Auth(Proof):
    """Under `auth`: credentials that do not depend on the request."""


class Sign(Proof):
    """Under `sign`: a signature of the request."""


class KeyedSign(Sign):
    """A signature made with an access key: its id and its secret."""

    key: str
    secret: str

    def texts(self) -> dict[str, str]:
        """Name key and secret."""
        return {"key": self.key, "secret": self.secret}


Check = Callable[[WebhookRequest, WebhookParts, Any, Names], bool]
"""Tells if a webhook is the vendor's: request, raw parts, decoded document, names."""


class Verify(Scheme):
    """Under `verify`: proves that a webhook is the vendor's.

    With `needs` only where that optional secret or setting has a value.
    """

    needs: str = ""

    @abstractmethod
    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile the scheme into a check."""


REQUEST_NAMES = ("body", "raw", "form", "text", "query", "headers", "url", "method")
"""What expressions about a webhook see of it."""


def view(request: WebhookRequest, source: WebhookParts, document: Any) -> dict[str, Any]:
    """Return a webhook by the names expressions have for its parts."""
    return {
        "body": document,
        "raw": request.body,
        "form": _form(source),
        "text": source.body,
        "query": source.query_table(),
        "headers": dict(request.headers),
        "url": request.url,
        "method": request.method,
    }


def _form(source: WebhookParts) -> dict[str, Any]:
    try:
        return source.form_table() if "form" in source.content_type else {}
    except UnreadableAnswer:
        return {}


FETCH = "$fetch"
"""Under this name a check finds what fetches the bytes of a vendor's address; no expression can name it."""


def unguarded(_request: WebhookRequest, _source: WebhookParts, _document: Any, _given: Names) -> bool:
    """Take every webhook: the secret address alone guards."""
    return True


def compile_texts(
    texts: Mapping[str, Any], names: Names, key: str, faults: list[RecipeFault], extra: Sequence[str] = ()
) -> Callable[[Names], dict[str, Any]]:
    """Compile the texts of a `verify` table.

    Returns a function of the names that gives them evaluated, or raises WebhookRejected.
    """
    known = {name: frozenset(value) if isinstance(value, Mapping) else None for name, value in names.items()}
    compiler = Compiler({**known, **dict.fromkeys(extra)})
    for name, source in texts.items():
        compiler.section(name, source, f"{key}.{name}")
    faults += compiler.faults
    if compiler.faults:
        return lambda given: {}
    program = compiler.finish()

    def run(given: Names) -> dict[str, Any]:
        try:
            return program(given)
        except Unsendable:
            raise WebhookRejected("The webhook lacks a field its signature needs.") from None

    return run


def same(one: str, other: str) -> bool:
    """Compare two texts in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
