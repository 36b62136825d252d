"""The webhook and poll tables of a recipe: how receipts, replies and template events are read."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from ..auth import AnyVerify
from .base import Condition, RecipeTable, TimeForm, Tree
from .request import RequestTable

ReceiptWord = Literal["delivered", "failed", "expired", "rejected", "pending", "unknown", "ignore"]
ReviewWord = Literal["pending", "approved", "rejected"]


class ReportItems(RecipeTable):
    """Where the reports are in a webhook or page, and the paths inside one.

    With `subpath` each report's own list is walked; paths then see `root`, `item` and `sub`.
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
    price: str = ""
    price_times: str = ""
    currency: str = ""
    opted_out: list[Condition] = []


class ReportsTable(RecipeTable):
    """How receipts, replies or template events are read."""

    items: ReportItems = ReportItems()
    status: dict[str, str] = {}
    time: TimeForm = TimeForm()


class Ack(RecipeTable):
    """The exact answer the vendor waits for; `text` and `json` may hold expressions about the webhook."""

    status: Annotated[int, Field(ge=200, le=299)] = 200
    text: str | None = None
    json_: Tree = Field(None, alias="json")
    content_type: str = ""

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.text is not None and self.json_ is not None:
            raise ValueError("has both text and json")
        return self


class Confirm(RecipeTable):
    """A webhook that asks to visit an address before others are sent: `when` tells it, `url` is its path.

    An address at one of `hosts` is visited, once everything is stored; any other is shown to the operator.
    """

    when: Annotated[list[Condition], Field(min_length=1)]
    url: str
    hosts: list[str] = []


ReportKind = Literal["receipt", "reply", "template"]


class WebhookTable(ReportsTable):
    """One address the vendor calls: `<hook_url>/<name>`.

    `refused_status` is what a webhook gets whose signature is wrong or that cannot be read: 503 where the
    vendor repeats nothing after a 4xx. Values of forms and queries are read in the first `charset` that fits.
    """

    decode: Annotated[list[str], Field(min_length=1)]
    methods: list[Literal["GET", "POST", "PUT"]] = ["GET", "POST"]
    kind: ReportKind | None = None
    route: dict[str, str] = {}
    receipt: ReportsTable | None = None
    reply: ReportsTable | None = None
    template: ReportsTable | None = None
    verify: AnyVerify | None = None
    allow_unsigned: bool = False
    trim: bool = False
    charset: Annotated[list[str], Field(min_length=1)] = ["utf-8"]
    refused_status: Annotated[int, Field(ge=400, le=599)] = 403
    confirm: Confirm | None = None
    ack: Ack = Ack()

    @field_validator("charset")
    @classmethod
    def _known_charsets(cls, names: list[str]) -> list[str]:
        for name in names:
            try:
                "".encode(name)
            except LookupError:
                raise ValueError(f"{name!r} is not a character set") from None
        return names

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.verify is not None and self.verify.needs:
            if not self.allow_unsigned:
                raise ValueError(
                    "needs allow_unsigned = true beside verify.needs: without that value the secret address "
                    "alone guards"
                )
        elif (self.verify is None) != self.allow_unsigned:
            raise ValueError(
                "needs either `verify` or allow_unsigned = true (the secret address alone guards)"
            )
        return self


class PollTable(ReportsTable):
    """Asking the vendor for reports. One page per request; one poller in the whole installation.

    `until` holds on the last page; `cursor` is kept and given to the next request; `each = "pending"`
    asks once per message without a receipt, as `p`; the answer's table then has `asked` (`id`, `ref`,
    `batch_ref`), for vendors whose answer does not say which message it is about.
    """

    request: RequestTable
    decode: Literal["json", "form", "xml"] = "json"
    accepted: list[Condition] = []
    code: str = ""
    message: str = ""
    until: Condition | None = None
    cursor: str = ""
    each: Literal["pending"] | None = None


class Polls(RecipeTable):
    """`[poll.receipt]` and `[poll.reply]`."""

    receipt: PollTable | None = None
    reply: PollTable | None = None
