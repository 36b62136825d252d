"""The bodies of requests, read liberally: one class per form, each with the table of its fields.

`Body.read(fields.document(raw))` or, in one step, `Body.parse(raw)`; both raise Refusal.
No `repr` here shows a phone number or a value.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Self

from bridge.plugin import DigitalPart, TemplateType
from bridge.plugin.text import bare_sign, placeholder_fault

from . import fields, parts, recipients
from .fields import Document, Field
from .refusal import Refusal, invalid

DEFAULT_REMARK = "Quick Audience campaign"
MAX_SPAN = timedelta(days=30)
MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100

OUT_ID = Field(
    "outId", "text", "Quick Audience's own reference; receipts repeat it.", required=True, at_most=256
)
SIGN_NAME = Field("signName", "text", "The signature, with or without brackets.", required=True, at_most=100)
TEMPLATE_CODE = Field("templateCode", "text", "The template's code.", required=True, at_most=100)
LIMIT = Field("limit", "integer", "Send at most so many messages; 0 or nothing for all.")
IS_VARIABLE = Field(
    "isVariable", "flag", "Not trusted: the placeholders in the content decide.", ignored=True
)
REMARK = Field("remark", "text", "The business scenario.", at_most=100)
CONTENT = Field(
    "templateContent", "text", "The text, with ${name} for variables.", required=True, at_most=500
)
NAME = Field("templateName", "text", "The template's name.", required=True, at_most=30)
TYPE = Field(
    "templateType",
    "integer",
    "0 captcha, 1 notification, 2 promotional, 3 international and Hong Kong, Macao, Taiwan.",
    required=True,
    at_most=3,
)
SUBJECT = Field("templateSubject", "text", "Found in examples only.", ignored=True)
ACCOUNT = Field(
    "creatorAccount",
    "text",
    "Who created or changed the template.",
    at_most=255,
    instead=("modifierAccount",),
)
THEME = Field(
    "templateTheme",
    "text",
    "The template's subject.",
    required=True,
    at_most=30,
    instead=("templateSubject", "templateName"),
)
SMS_SIGN_NAME = Field("smsSignName", "text", "The signature.", at_most=100, instead=("signName",))
FILE_URL = Field(
    "phoneOssUrl", "text", "The https address of a text file of numbers.", required=True, at_most=2048
)
AUDIENCE = Field("relatedAudienceId", "text", "The audience groups, separated by commas.", at_most=65536)
TASK = Field("relatedTaskId", "text", "The marketing campaign.", at_most=255)
TASK_TYPE = Field("relatedTaskType", "integer", "1 reach marketing, 2 automated marketing.")
TASK_ACCOUNT = Field("taskCreatorAccount", "text", "Who created the campaign.", at_most=255)
PAGE = Field("currentPage", "integer", "The page to show, from 1; 0 counts as 1.", at_most=1_000_000_000)
PAGE_SIZE = Field("pageSize", "integer", "Rows of a page, at most 1000; 0 for 100.")
START = Field("startDate", "date", "Sent at or after this time (UTC+8).", required=True)
END = Field("endDate", "date", "Sent at or before this time (UTC+8).", required=True)


class Body:
    """Base of all bodies."""

    FIELDS: ClassVar[tuple[Field, ...]]

    @classmethod
    def read(cls, source: Document) -> Self:
        """Build the body from its fields. Raises Refusal."""
        raise NotImplementedError

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Build the body from the bytes of the request. Raises Refusal."""
        return cls.read(fields.document(raw))

    @classmethod
    def unexpected(cls, source: Document) -> set[str]:
        """Return the names in the request that no row of the table knows; they are ignored."""
        return source.keys() - {name for row in cls.FIELDS for name in row.names}


@dataclass(frozen=True, slots=True)
class NoBody(Body):
    """Of an operation that needs nothing but its path."""

    FIELDS: ClassVar = ()

    @classmethod
    def read(cls, source: Document) -> Self:
        """Return the empty body, whatever stands in the request."""
        return cls()


@dataclass(frozen=True, slots=True)
class TextTemplateBody(Body):
    """A text template to create or change."""

    FIELDS: ClassVar = (REMARK, CONTENT, NAME, TYPE, ACCOUNT, SUBJECT)

    remark: str
    content: str
    name: str
    type: TemplateType
    account: str

    @classmethod
    def read(cls, source: Document) -> Self:
        """Build the body from its fields; the content stays as it is, blanks included."""
        content = fields.text(source, CONTENT)
        if fault := placeholder_fault(content):
            raise invalid(CONTENT.name, fault)
        return cls(
            remark=fields.text(source, REMARK).strip() or DEFAULT_REMARK,
            content=content,
            name=fields.text(source, NAME).strip(),
            type=TemplateType(fields.integer(source, TYPE)),
            account=fields.text(source, ACCOUNT),
        )


@dataclass(frozen=True, slots=True)
class DigitalTemplateBody(Body):
    """A digital template to create or change. `sign_name` is "" when Quick Audience sent none."""

    FIELDS: ClassVar = (REMARK, parts.CONTENT, THEME, SMS_SIGN_NAME, ACCOUNT, IS_VARIABLE)

    remark: str
    name: str
    sign_name: str
    parts: tuple[DigitalPart, ...]
    account: str

    @classmethod
    def read(cls, source: Document) -> Self:
        """Build the body from its fields; the parts come in the order of their index."""
        return cls(
            remark=fields.text(source, REMARK).strip() or DEFAULT_REMARK,
            name=fields.text(source, THEME).strip(),
            sign_name=bare_sign(fields.text(source, SMS_SIGN_NAME)),
            parts=parts.read(source),
            account=fields.text(source, ACCOUNT),
        )


@dataclass(frozen=True, slots=True)
class SendListBody(Body):
    """A send to a list of numbers, text or digital.

    `limit` 0 means all. `params` is empty, or as long as `phones`; a single object of the request is
    repeated by reference. `task` holds what Quick Audience said about the campaign, under its own names.
    """

    FIELDS: ClassVar = (
        LIMIT,
        OUT_ID,
        recipients.PHONES,
        recipients.PARAMS,
        SIGN_NAME,
        TEMPLATE_CODE,
        AUDIENCE,
        TASK,
        TASK_TYPE,
        TASK_ACCOUNT,
        IS_VARIABLE,
    )

    limit: int
    out_id: str
    phones: list[str] = field(repr=False)
    params: list[dict[str, str]] = field(repr=False)
    sign_name: str
    template_code: str
    task: dict[str, str]

    @classmethod
    def read(cls, source: Document) -> Self:
        """Build the body from its fields; refused as a whole when values and numbers do not match."""
        phones = recipients.phones(source)
        return cls(
            limit=fields.integer(source, LIMIT),
            out_id=fields.text(source, OUT_ID),
            phones=phones,
            params=recipients.params(source, len(phones)),
            sign_name=_sign_name(source),
            template_code=fields.text(source, TEMPLATE_CODE).strip(),
            task=_task(source),
        )


@dataclass(frozen=True, slots=True)
class SendFileBody(Body):
    """A send to the numbers in a file; `limit` 0 means all."""

    FIELDS: ClassVar = (LIMIT, OUT_ID, FILE_URL, SIGN_NAME, TEMPLATE_CODE, IS_VARIABLE)

    limit: int
    out_id: str
    url: str = field(repr=False)
    sign_name: str
    template_code: str

    @classmethod
    def read(cls, source: Document) -> Self:
        """Build the body from its fields; the address is checked when the file is fetched."""
        return cls(
            limit=fields.integer(source, LIMIT),
            out_id=fields.text(source, OUT_ID),
            url=fields.text(source, FILE_URL).strip(),
            sign_name=_sign_name(source),
            template_code=fields.text(source, TEMPLATE_CODE).strip(),
        )


@dataclass(frozen=True, slots=True)
class SendDetailsBody(Body):
    """A question for sent messages. `page` counts from 1; `start` and `end` are both inclusive."""

    FIELDS: ClassVar = (OUT_ID, PAGE, PAGE_SIZE, START, END)

    out_id: str
    page: int
    page_size: int
    start: datetime
    end: datetime

    @classmethod
    def read(cls, source: Document) -> Self:
        """Build the body from its fields; spans over 30 days are refused."""
        start, end = fields.date(source, START), fields.date(source, END)
        if end < start:
            raise invalid(END.name, f"the end lies before {START.name}.")
        if end - start > MAX_SPAN:
            raise Refusal(
                "SPAN_TOO_LONG", f"{START.name} and {END.name} may be at most {MAX_SPAN.days} days apart."
            )
        return cls(
            out_id=fields.text(source, OUT_ID),
            page=fields.integer(source, PAGE) or 1,
            page_size=min(fields.integer(source, PAGE_SIZE) or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
            start=start,
            end=end,
        )


def _sign_name(source: Document) -> str:
    name = bare_sign(fields.text(source, SIGN_NAME))
    if not name:
        raise invalid(SIGN_NAME.name, "the brackets hold no name.")
    return name


def _task(source: Document) -> dict[str, str]:
    found = {row.name: fields.name_or_empty(source, row) for row in (AUDIENCE, TASK, TASK_ACCOUNT)}
    found[TASK_TYPE.name] = str(fields.integer(source, TASK_TYPE) or "")
    return {name: value for name, value in found.items() if value}
