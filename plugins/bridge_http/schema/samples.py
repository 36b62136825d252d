"""The sample tables of a recipe: cases that must hold, run without the vendor."""

import re
from typing import Any

from pydantic import field_validator

from .base import RecipeTable
from .words import OPERATIONS, instead_of


class SampleRecipient(RecipeTable):
    """One recipient of a sample."""

    phone: str
    vars: dict[str, str] = {}

    @field_validator("phone")
    @classmethod
    def _as_quick_audience_writes_it(cls, number: str) -> str:
        if not re.fullmatch(r"[0-9]{7,15}", number):
            raise ValueError("is no number as Quick Audience writes it: 13800138000, or 12025550123")
        return number


class SampleDefaults(RecipeTable):
    """`[sample]`: values for the samples and the dry run."""

    secrets: dict[str, str] = {}
    settings: dict[str, Any] = {}
    base_url: str = "https://vendor.example"
    international: bool = False
    now: int = 1_793_500_000
    nonce: str = "0123456789abcdef0123456789abcdef"
    sign_name: str = "Acme"
    content: str = "Hello ${name}, your code is ${code}."
    vendor_code: str = "10001"
    recipients: list[SampleRecipient] = []


class Sample(RecipeTable):
    """One case: a request as it must leave, and what an answer or a webhook means.

    `call` is an operation, `poll.receipt` or `poll.reply`; `request` and `answer` are HTTP messages as text.
    With `webhook` (a whole request as text) the webhook named by its path is read. `results` holds a line per
    recipient or one for the operation; `receipts`, `replies` and `reviews` a line each. `source` is the page
    or client, with its date, that the payload was taken from; without one it is our own.
    """

    name: str
    source: str = ""
    call: str = ""
    request: str = ""
    answer: str = ""
    webhook: str = ""
    refused: bool = False
    results: list[str] | None = None
    receipts: list[str] | None = None
    replies: list[str] | None = None
    reviews: list[str] | None = None
    ack: str | None = None
    secrets: dict[str, str] = {}
    settings: dict[str, Any] = {}
    recipients: list[SampleRecipient] = []
    content: str | None = None
    sign_name: str | None = None
    vendor_code: str | None = None
    now: int | None = None

    @field_validator("call")
    @classmethod
    def _called_as_now(cls, name: str) -> str:
        if name in OPERATIONS:
            raise ValueError(f"{name} {instead_of(OPERATIONS[name])}")
        return name

    @field_validator("answer")
    @classmethod
    def _has_a_status(cls, text: str) -> str:
        if text and not re.match(r"\s*[1-5][0-9]{2}\b", text):
            raise ValueError(
                "its first line must be the status, such as 200; then headers, an empty line, the body"
            )
        return text

    @field_validator("webhook")
    @classmethod
    def _has_a_method(cls, text: str) -> str:
        if text and not re.match(r"\s*[A-Z]+ \S+", text):
            raise ValueError("its first line must be like: POST /receipt")
        return text
