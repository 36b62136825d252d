"""The recipe file as pydantic models. Unknown keys are errors; every text in quotes stays a text."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from .schema_base import Condition, Name, Table, TimeForm, zone
from .schema_reports import Polls, ReviewWord, Webhook
from .schema_request import Request, Shared
from .schema_samples import Sample, SampleDefaults

CarrierName = Literal["UNICOM", "MOBILE", "TELCOM"]


class About(Table):
    """`[plugin]`: who the vendor is, how to reach it, and how far this recipe was checked."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    title: str
    base_url: str = ""
    timezone: str = "UTC"
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 5
    read_timeout_s: Annotated[float, Field(gt=0, le=100)] = 20
    rate_per_s: Annotated[float, Field(ge=0)] = 0
    docs: str = ""
    checked: str
    unchecked: str

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone(name)
        return name


class PhoneForm(Table):
    """How numbers are written: towards the vendor, and by the vendor in its reports."""

    send_as: Literal["national", "e164", "digits"] = "e164"
    split: Literal["none", "by_country"] = "none"
    reports_as: Literal["any", "digits"] = "any"


class Idempotency(Table):
    """The vendor drops a repeated key for this long, so an unanswered call may be repeated."""

    keep_hours: Annotated[float, Field(gt=0)]


class BatchRule(Table):
    """Which messages share one call, and how many."""

    mode: Literal["single", "same_text", "same_vars", "per_recipient_text", "per_recipient_vars"] = "single"
    max: Annotated[int, Field(ge=1, le=10000)] = 1
    idempotency: Idempotency | None = None

    @model_validator(mode="after")
    def _single_means_one(self) -> Self:
        if self.mode == "single" and self.max != 1:
            raise ValueError('mode "single" sends one message per call: leave `max` out')
        return self


class Templates(Table):
    """`placeholder_out` is the vendor's placeholder, with `{name}` or `{n}` (from 1) where they belong."""

    placeholder_out: str = ""


class ErrorRule(Table):
    """What a vendor's code means for the message."""

    class_: Literal["retry", "permanent", "account", "ambiguous", "opted_out", "missing"] = Field(
        alias="class"
    )
    message: str = ""


class Items(Table):
    """The list with one result per recipient. All paths but `path` are relative to an item.

    Items whose `batch_ref` is not that of the call are left out. `absent` is for look-ups: "not_sent" when a
    recipient without an item proves that nothing was taken.
    """

    path: str
    match: Literal["index", "phone", "ref", "single"]
    id: str = ""
    phone: str = ""
    ref: str = ""
    batch_ref: str = ""
    code: str = ""
    message: str = ""
    ok: list[Condition] = []
    absent: Literal["unknown", "not_sent"] = "unknown"

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        if self.match in ("phone", "ref") and not getattr(self, self.match):
            raise ValueError(f'match = "{self.match}" needs the path `{self.match}`')
        return self


class Counts(Table):
    """For vendors that report totals only."""

    ok: str
    failed: str


class Response(Table):
    """How an answer is read. All paths are JMESPath over `{status, headers, body, text}`."""

    decode: Literal["json", "form", "xml", "regex"] = "json"
    regex: str = ""
    accepted: Annotated[list[Condition], Field(min_length=1)]
    code: str = ""
    message: str = ""
    batch_id: str = ""
    vendor_code: str = ""
    status: str = ""
    status_map: dict[str, ReviewWord] = {}
    carriers: dict[CarrierName, str] = {}
    reason: str = ""
    created: str = ""
    time: TimeForm = TimeForm()
    items: Items | None = None
    counts: Counts | None = None

    @model_validator(mode="after")
    def _regex_belongs_to_its_decoding(self) -> Self:
        if (self.decode == "regex") != bool(self.regex):
            raise ValueError('`regex` and decode = "regex" go together')
        return self


class Operation(Table):
    """One thing the bridge may ask the vendor. With `needs` only where that setting has a value.

    `each = "message"` is for look-ups that ask about one message at a time, however it was sent.
    """

    needs: str = ""
    each: Literal["message"] | None = None
    request: Request
    response: Response


class Operations(Table):
    """What the vendor can do; what is missing the bridge keeps itself or refuses."""

    send_text: Operation | None = None
    send_digital: Operation | None = None
    lookup: Operation | None = None
    sign_query: Operation | None = None
    template_create: Operation | None = None
    template_modify: Operation | None = None
    template_query: Operation | None = None
    template_delete: Operation | None = None
    digital_create: Operation | None = None
    digital_modify: Operation | None = None
    digital_query: Operation | None = None
    digital_delete: Operation | None = None
    check: Operation | None = None

    def present(self) -> dict[str, Operation]:
        """The operations of this recipe by name."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


class Recipe(Table):
    """A vendor in one file."""

    plugin: About
    secrets: dict[Name, str] = {}
    required: dict[Name, str] = {}
    settings: dict[Name, Any] = {}
    phone: PhoneForm = PhoneForm()
    batch: BatchRule = BatchRule()
    templates: Templates = Templates()
    errors: dict[str, ErrorRule] = {}
    requests: Shared = Shared()
    operations: Operations = Operations()
    webhooks: dict[Name, Webhook] = {}
    poll: Polls = Polls()
    sample: SampleDefaults = SampleDefaults()
    samples: list[Sample] = []
