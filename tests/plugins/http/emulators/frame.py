"""What every emulator is made of."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from bridge.plugin import Message, WebhookRequest
from bridge_http.answer.errors import VendorAnswer
from bridge_http.request.building import Built

HOOK = "https://sms.example.com/hooks/promo/token"


class Taken(NamedTuple):
    """A message the vendor took: to whom, what it says, the vendor's id and our reference."""

    number: str
    content: Any
    vendor_id: str
    ref: str


class Refused(Exception):
    """What the vendor says against a call; nothing of it is taken."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


class Call:
    """A request as a vendor sees it."""

    def __init__(self, built: Built) -> None:
        parts = urlsplit(built.url)
        self.method = built.method
        self.host = parts.netloc
        self.path = parts.path
        self.query_string = parts.query
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        self.headers = {name.lower(): value for name, value in built.headers.items()}
        self.sent_headers = built.headers
        self.body = built.body

    @property
    def json(self) -> Any:
        """The body, announced as JSON."""
        assert self.headers["content-type"].startswith("application/")
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The body's fields, each once."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)


class Emulator(ABC):
    """A vendor. A subclass says what it knows of the account, and answers calls."""

    recipe: ClassVar[str]
    secrets: ClassVar[Mapping[str, str]]
    values: ClassVar[Mapping[str, Any]] = {}
    base_url: ClassVar[str] = ""
    """The address of a vendor whose accounts have one each."""

    mainland: ClassVar[bool] = False
    most: ClassVar[int] = 1
    """Numbers the vendor takes in one call."""

    blocked: ClassVar[str] = ""
    """The national number the vendor refuses by itself, and what becomes of it: opted_out or rejected."""

    blocked_is: ClassVar[str] = "opted_out"
    open_secrets: ClassVar[Sequence[str]] = ()
    """Secrets that calls are not proven with: they are those of webhooks."""

    repeats: ClassVar[bool] = False
    """The vendor recognises a repeated call."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.sizes: list[int] = []

    def __call__(self, built: Built) -> VendorAnswer:
        """Answer as the vendor's server does."""
        call = Call(built)
        try:
            status, body = 200, self.answer(call)
            if isinstance(body, tuple):
                status, body = body
        except Refused as refusal:
            status, body = refusal.status, refusal.body
        content = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return VendorAnswer(status, {"content-type": "application/json"}, content.encode())

    def close(self) -> None:
        """Forget what is kept of calls."""
        self.sizes.clear()

    def take(self, number: str, content: Any, ref: str = "") -> str:
        """Keep a message; returns the vendor's id for it."""
        vendor_id = f"id-{len(self.taken) + 1}"
        self.taken.append(Taken(number, content, vendor_id, ref))
        return vendor_id

    @abstractmethod
    def answer(self, call: Call) -> Any:
        """Return the body of the answer, or its status and body; raises Refused."""

    @abstractmethod
    def wanted(self, message: Message) -> Any:
        """Return what the vendor must find of a message: its text, or its values."""

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest | None:
        """Return the vendor's report on a message, signed if it signs; None where it pushes none."""
        return None

    def reply(self, number: str, content: str) -> WebhookRequest | None:
        """Return a reply as the vendor pushes it; None where it pushes none."""
        return None

    def forged(self, genuine: WebhookRequest) -> list[WebhookRequest]:
        """Return the same report as an attacker would send it; nothing where the vendor does not sign."""
        return []


def need(table: Mapping[str, Any], *names: str, refused: Refused, optional: Sequence[str] = ()) -> None:
    """Refuse a call that lacks a field, or has one the vendor does not know."""
    present = {name for name, value in table.items() if value not in (None, "", [], {})}
    if not set(names) <= present or set(table) - set(names) - set(optional):
        raise refused


def pushed(tail: str, *, json_body: Any = None, form: Mapping[str, str] | None = None,
           headers: Mapping[str, str] | None = None, text: str | None = None) -> WebhookRequest:  # fmt: skip
    """Return a webhook as it arrives; `tail` may hold a query."""
    path, _, query = tail.partition("?")
    if form is not None:
        body, kind = urlencode(form), "application/x-www-form-urlencoded"
    else:
        body, kind = (
            text if text is not None else json.dumps(json_body, ensure_ascii=False),
            "application/json",
        )
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    given = {"content-type": kind, **lower}
    return WebhookRequest("POST", HOOK + tail, path, query.encode(), given, body.encode())
