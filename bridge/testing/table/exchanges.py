"""One request to the vendor and its reply, as a row of a table."""

import json as json_module
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Lost(Enum):
    """An answer that never comes."""

    REFUSED = "the connection is refused: nothing reaches the vendor"
    TIMEOUT = "the vendor takes the request and does not answer in time"
    RESET = "the vendor takes the request and the connection breaks"


class Broken(Enum):
    """What can befall an answer the vendor did give."""

    TIMEOUT = "no answer in time"
    RESET = "the connection breaks before the answer"
    CUT = "the connection breaks in the middle of the answer"
    CUT_CHUNK = "the connection breaks in the middle of a chunk of the answer"
    CLOSED = "the connection is closed before the answer"
    GARBLED = "something that is no HTTP instead of the answer"
    ERROR = "status 500 with a page instead of the answer"
    GATEWAY = "a gateway's 502 page instead of the answer"
    UNAVAILABLE = "a gateway's 503 page instead of the answer"
    GATEWAY_TIMEOUT = "a gateway's 504 page instead of the answer"
    UNUSUAL = "status 520 with a page instead of the answer"
    GAVE_UP = "a content network's 524 page instead of the answer"
    ODD = "status 561, which nobody lists, with a page instead of the answer"
    MISSING = "a gateway's 404 page instead of the answer"
    FORBIDDEN = "a gateway's 403 page instead of the answer"
    THROTTLED = "a gateway's 429 page instead of the answer"
    REQUEST_TIMEOUT = "a gateway's 408 page instead of the answer"
    REDIRECT = "a redirect instead of the answer"
    MOVED = "a redirect that keeps method and body (307) instead of the answer"
    NOT_JSON = "status 200 with a page instead of the answer"
    TRUNCATED = "status 200 with half the answer"
    EMPTY = "status 200 with nothing"
    HOLLOW = "status 200 with JSON that holds nothing of the answer"
    ECHO = "status 200 with JSON that repeats the request and holds nothing of the answer"
    LIST = "status 200 with an empty JSON list for an answer"
    NULL = "status 200 with a JSON null for an answer"
    BUG = "the plugin stumbles over the answer with an exception of its own"


@dataclass(frozen=True)
class Reply:
    """The vendor's answer: `json` unless `text` is given."""

    status: int = 200
    json: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The bytes on the wire."""
        return (json_module.dumps(self.json) if self.text is None else self.text).encode()

    @property
    def content_type(self) -> str:
        """The answer's content type, unless `headers` name another."""
        return "application/json" if self.text is None else "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Seen:
    """A request as the vendor received it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, still percent-encoded."""
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, Any]:
        """The decoded query; a repeated name has a list."""
        return _fields(urlsplit(self.url).query)

    @property
    def form(self) -> dict[str, Any]:
        """The decoded form body; a repeated name has a list."""
        return _fields(self.body.decode())

    @property
    def json(self) -> Any:
        """The decoded JSON body; raises ValueError when it is none."""
        return json_module.loads(self.body)


def _fields(text: str) -> dict[str, Any]:
    parsed = parse_qs(text, keep_blank_values=True)
    return {name: values[0] if len(values) == 1 else values for name, values in parsed.items()}


@dataclass(frozen=True)
class Exchange:
    """A request the plugin must make, and what comes back.

    `url` is absolute, or a path under the address that `{url}` stands for in the settings; without a query.
    `query` and `headers` name what must be there among others; `json` and `form` are the whole body.
    `unittest.mock.ANY` stands for a value that changes (time, nonce). `check` sees the request and
    asserts what a table cannot say, a signature for example.
    """

    method: str
    url: str
    reply: Reply | Lost = field(default_factory=Reply)
    query: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    json: Any = None
    form: Mapping[str, Any] | None = None
    check: Callable[[Seen], object] | None = None

    def addresses(self, seen: Seen) -> bool:
        """Return True when the request goes to this row's address."""
        address = seen.path if self.url.startswith("/") else seen.url.partition("?")[0]
        return seen.method == self.method.upper() and address == self.url

    def differences(self, seen: Seen) -> list[str]:
        """Return what the request has otherwise than this row says."""
        found = [
            *_missing("query", self.query or {}, seen.query),
            *_missing("header", _lower(self.headers or {}), _lower(seen.headers)),
        ]
        if self.json is not None:
            found += _compare("JSON body", self.json, lambda: seen.json)
        if self.form is not None:
            found += _compare("form", dict(self.form), lambda: seen.form)
        if self.check is not None:
            try:
                self.check(seen)
            except AssertionError as error:
                found.append(f"check: {error}")
            except Exception as error:  # noqa: BLE001 - a check that stumbles over another's request says no
                found.append(f"check: {error!r}")
        return found


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _missing(what: str, wanted: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    return [
        f"{what} {name}: wanted {value!r}, was {present.get(name)!r}"
        for name, value in wanted.items()
        if name not in present or value != present[name]
    ]


def _compare(what: str, wanted: Any, read: Callable[[], Any]) -> list[str]:
    try:
        present = read()
    except ValueError:
        return [f"{what}: cannot be read"]
    return list(_apart(what, wanted, present))


def _apart(place: str, wanted: Any, present: Any) -> Iterator[str]:
    """Find each place where two values differ; only that, because a whole body hides it."""
    if wanted == present:
        return
    if isinstance(wanted, Mapping) and isinstance(present, Mapping):
        for name in [*wanted, *(name for name in present if name not in wanted)]:
            if name not in present:
                yield f"{place} {name}: wanted {wanted[name]!r}, is not there"
            elif name not in wanted:
                yield f"{place} {name}: not wanted, was {present[name]!r}"
            else:
                yield from _apart(f"{place} {name}", wanted[name], present[name])
    elif isinstance(wanted, list) and isinstance(present, list) and len(wanted) == len(present):
        for index, (one, other) in enumerate(zip(wanted, present, strict=True)):
            yield from _apart(f"{place} [{index}]", one, other)
    else:
        yield f"{place}: wanted {wanted!r}, was {present!r}"


class Script:
    """Plays a case's exchanges, each once, and remembers every request that fits none."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._waiting = exchanges
        self.seen: list[tuple[Seen, Reply | Lost]] = []
        self.faults: list[str] = []

    def answer(self, seen: Seen) -> Reply | Lost:
        """Return the reply to a request: that of the first unused row it fits."""
        at_address = [row for row in self._waiting if row.addresses(seen)]
        row = next((row for row in at_address if not row.differences(seen)), None)
        if row is None:
            self._fault(seen, at_address)
            row = at_address[0] if at_address else None
        if row is None:
            reply: Reply | Lost = Reply(404, text="the table has no such request")
        else:
            self._waiting.remove(row)
            reply = row.reply
        self.seen.append((seen, reply))
        return reply

    def _fault(self, seen: Seen, at_address: list[Exchange]) -> None:
        request = f"{seen.method} {seen.url.partition('?')[0]}"
        if at_address:
            self.faults += [f"{request}: {line}" for line in at_address[0].differences(seen)]
        else:
            self.faults.append(f"{request}: the table has no such request, or not as often")

    @property
    def unused(self) -> list[str]:
        """The rows no request has come for."""
        return [f"{row.method} {row.url}: the request was never made" for row in self._waiting]
