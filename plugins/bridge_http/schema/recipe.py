"""The whole recipe, its operations, and how their answers are read."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from bridge.plugin import Consequence

from ..language.moments import zone
from .base import Condition, Name, RecipeTable, TimeForm
from .reports import Polls, ReviewWord, WebhookTable
from .request import RequestTable, Shared
from .samples import Sample, SampleDefaults

CarrierName = Literal["UNICOM", "MOBILE", "TELCOM"]


class About(RecipeTable):
    """`[vendor]`: who the vendor is, how to reach it, and how far this recipe was checked."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    title: str
    base_url: str = ""
    timezone: str = "UTC"
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 5
    read_timeout_s: Annotated[float, Field(gt=0, le=100)] = 20
    rate_per_s: Annotated[float, Field(ge=0)] = 0
    client_certificate: bool = False
    docs: str = ""
    checked: str
    unchecked: str

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone(name)
        return name


class PhoneForm(RecipeTable):
    """How numbers are written: towards the vendor, and by the vendor in its reports."""

    send_as: Literal["national", "e164", "digits"] = "e164"
    split: Literal["none", "by_country"] = "none"
    reports_as: Literal["any", "digits"] = "any"


class Idempotency(RecipeTable):
    """The vendor drops a repeated key for this long, so an unanswered call may be repeated."""

    keep_hours: Annotated[float, Field(gt=0)]


class BatchRule(RecipeTable):
    """Which messages share one call, and how many."""

    mode: Literal["single", "same_text", "same_vars", "per_recipient_text", "per_recipient_vars"] = "single"
    max: Annotated[int, Field(ge=1, le=10000)] = 1
    idempotency: Idempotency | None = None

    @model_validator(mode="after")
    def _single_means_one(self) -> Self:
        if self.mode == "single" and self.max != 1:
            raise ValueError('mode "single" sends one message per call: leave `max` out')
        return self


class TemplatesTable(RecipeTable):
    """`placeholder_out` is the vendor's placeholder, with `{name}` or `{n}` (from 1) where they belong.

    `by_hand` when people make the templates at the vendor: a channel then gives their codes.
    """

    placeholder_out: str = ""
    by_hand: bool = False


class ErrorRule(RecipeTable):
    """What a vendor's code means for the message.

    `number` when the code is about one number or its text: a call of several, refused with it, says of nobody
    which. `none_taken` beside it when such a call was certainly taken for none of them: it is made again in
    halves, until the one is found.
    """

    class_: Annotated[Consequence, Field(alias="class", strict=False)]
    message: str = ""
    until: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = ""
    number: bool = False
    none_taken: bool = False

    @model_validator(mode="after")
    def _holds_until(self) -> Self:
        if (self.class_ is Consequence.HOLD) != bool(self.until):
            raise ValueError('class "hold" and `until` (a time of day in the vendor\'s zone) go together')
        return self

    @model_validator(mode="after")
    def _is_about_a_number(self) -> Self:
        if self.number and self.class_ is not Consequence.REJECTED:
            raise ValueError('`number` is for class "rejected"')
        if self.none_taken and not self.number:
            raise ValueError("`none_taken` is for a rule with `number`")
        return self


class ErrorMatch(ErrorRule):
    """`[[error_rules]]`: looked at before `[errors]`, in order; all that is given must hold.

    `text` is a regular expression, without case, found in what the vendor says.
    """

    http: list[str] = []
    code: list[str] = []
    text: str = ""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.http or self.code or self.text):
            raise ValueError("needs one of http, code and text")
        return self


class ReceiptRule(RecipeTable):
    """`[receipt_codes]`: what a code in a receipt means; the table of errors says nothing about receipts.

    `status` replaces what the status word says of a message that was not delivered, be it open or final.
    """

    class_: Literal["opted_out"] | None = Field(None, alias="class")
    status: Literal["failed", "expired", "rejected", "pending", "unknown"] | None = None
    message: str = ""


class Items(RecipeTable):
    """The list with one result per recipient. Paths are relative to an item, but `path`, `taken`, `refused`.

    Items whose `batch_ref` is not that of the call are left out. `absent` says what a recipient without an
    item is: "not_sent" in a look-up where that proves that nothing was taken, "accepted" where the list holds
    the refused ones only. Such a list must fit the call: where an item is nobody's, or where `taken` tells of
    another number of recipients that were taken, those without an item are unknown. `refused` is a list of
    numbers that the vendor refused and left out of the others.
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
    absent: Literal["unknown", "not_sent", "accepted"] = "unknown"
    taken: str = ""
    refused: str = ""

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        if self.match in ("phone", "ref") and not getattr(self, self.match):
            raise ValueError(f'match = "{self.match}" needs the path `{self.match}`')
        if self.refused and self.match != "index":
            raise ValueError('`refused` is for match = "index"')
        if self.taken and self.absent != "accepted":
            raise ValueError('`taken` is for absent = "accepted"')
        return self


class Counts(RecipeTable):
    """For vendors that report totals only."""

    ok: str
    failed: str


class Response(RecipeTable):
    """How an answer is read. All paths are JMESPath over `{status, headers, body, text}`.

    `http` are the statuses, beside 2xx, with which an answer can be accepted or hold results of its own.
    """

    decode: Literal["json", "form", "xml", "regex"] = "json"
    regex: str = ""
    accepted: Annotated[list[Condition], Field(min_length=1)]
    code: str = ""
    message: str = ""
    http: list[str] = []
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


class OperationTable(RecipeTable):
    """One thing the bridge may ask the vendor. With `needs` only where that setting has a value.

    `each = "message"` is for look-ups that ask about one message at a time, however it was sent.
    """

    needs: str = ""
    each: Literal["message"] | None = None
    request: RequestTable
    response: Response

    @property
    def names_template(self) -> bool:
        """True when the request holds the vendor's code of the template."""
        return "template.vendor_code" in self.request.model_dump_json()

    @property
    def brackets_sign(self) -> bool:
        """True when the request holds the signature in its brackets, as a text shows it."""
        return "sign_prefix" in self.request.model_dump_json()


class Operations(RecipeTable):
    """What the vendor can do, by the hooks of the plugin API; what is missing the bridge does or refuses."""

    send_batch: OperationTable | None = None
    send_digital_batch: OperationTable | None = None
    reconcile_batch: OperationTable | None = None
    query_sign: OperationTable | None = None
    create_template: OperationTable | None = None
    update_template: OperationTable | None = None
    query_template: OperationTable | None = None
    delete_template: OperationTable | None = None
    create_digital_template: OperationTable | None = None
    update_digital_template: OperationTable | None = None
    query_digital_template: OperationTable | None = None
    delete_digital_template: OperationTable | None = None
    check_channel: OperationTable | None = None

    def present(self) -> dict[str, OperationTable]:
        """List the operations of this recipe by name."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


class Recipe(RecipeTable):
    """A vendor in one file."""

    vendor: About
    secrets: dict[Name, str] = {}
    optional_secrets: dict[Name, str] = {}
    required: dict[Name, str] = {}
    settings: dict[Name, Any] = {}
    phone: PhoneForm = PhoneForm()
    batch: BatchRule = BatchRule()
    templates: TemplatesTable = TemplatesTable()
    errors: dict[str, ErrorRule] = {}
    error_rules: list[ErrorMatch] = []
    receipt_codes: dict[str, ReceiptRule] = {}
    requests: Shared = Shared()
    operations: Operations = Operations()
    webhooks: dict[Name, WebhookTable] = {}
    poll: Polls = Polls()
    sample: SampleDefaults = SampleDefaults()
    samples: list[Sample] = []
