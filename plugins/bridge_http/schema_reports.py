"""The webhook and poll tables of a recipe: how receipts, replies and template events are read."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .schema_auth import Verify
from .schema_base import Condition, Table, TimeForm, Tree
from .schema_request import Request

ReceiptWord = Literal["delivered", "failed", "expired", "rejected", "pending", "unknown", "ignore"]
ReviewWord = Literal["pending", "approved", "rejected"]


class RecordItems(Table):
    """Where the records are in a webhook or page, and the paths inside one.

    With `subpath` each record's own list is walked; paths then see `root`, `item` and `sub`.
    """

    path: str = "@"
    subpath: str = ""
    id: str = ""
    ref: str = ""
    batch_ref: str = ""
    phone: str = ""
    status: str = ""
    code: str = ""
    message: str = ""
    time: str = ""
    part: str = ""
    parts: str = ""
    content: str = ""
    sign: str = ""
    opted_out: list[Condition] = []


class Records(Table):
    """How receipts, replies or template events are read."""

    items: RecordItems = RecordItems()
    status: dict[str, str] = {}
    time: TimeForm = TimeForm()


class Ack(Table):
    """The exact answer the vendor waits for."""

    status: Annotated[int, Field(ge=200, le=299)] = 200
    text: str | None = None
    json_: Tree = Field(None, alias="json")
    content_type: str = ""

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.text is not None and self.json_ is not None:
            raise ValueError("has both text and json")
        return self


RecordKind = Literal["receipt", "reply", "template"]


class Webhook(Records):
    """One address the vendor calls: `<hook_url>/<name>`."""

    decode: Annotated[list[str], Field(min_length=1)]
    methods: list[Literal["GET", "POST", "PUT"]] = ["GET", "POST"]
    kind: RecordKind | None = None
    route: dict[str, str] = {}
    receipt: Records | None = None
    reply: Records | None = None
    template: Records | None = None
    verify: Verify | None = None
    allow_unsigned: bool = False
    trim: bool = False
    ack: Ack = Ack()

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if (self.verify is None) != self.allow_unsigned:
            raise ValueError(
                "needs either `verify` or allow_unsigned = true (the secret address alone guards)"
            )
        return self


class Poll(Records):
    """Asking the vendor for reports. One page per request; one poller in the whole installation.

    `until` holds on the last page; `cursor` is kept and given to the next request; `each = "pending"`
    asks once per message without a receipt, as `p`.
    """

    request: Request
    decode: Literal["json", "form", "xml"] = "json"
    accepted: list[Condition] = []
    code: str = ""
    message: str = ""
    until: Condition | None = None
    cursor: str = ""
    each: Literal["pending"] | None = None


class Polls(Table):
    """`[poll.receipt]` and `[poll.reply]`."""

    receipt: Poll | None = None
    reply: Poll | None = None
