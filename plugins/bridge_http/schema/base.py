"""What every part of a recipe's schema is made of."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ..language.moments import zone

Tree = Any
"""JSON-like: a literal, `=expression`, text with `{{ }}`, a table, a list, or a `$each` / `$map` table."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class RecipeTable(BaseModel):
    """Base of every table of a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, strict=True)


class Condition(RecipeTable):
    """One comparison, as text; exactly one test."""

    path: str
    in_: list[str] | None = Field(None, alias="in")
    not_in: list[str] | None = None
    present: Literal[True] | None = None
    absent: Literal[True] | None = None
    matches: str | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = (self.in_, self.not_in, self.present, self.absent, self.matches)
        if sum(test is not None for test in tests) != 1:
            raise ValueError("needs exactly one of in, not_in, present, absent and matches")
        return self


class TimeForm(RecipeTable):
    """How the vendor writes moments: `unix`, `unix_ms`, `iso` or a strptime format, and their zone."""

    format: str = "iso"
    zone: str = ""

    @field_validator("format")
    @classmethod
    def _known_format(cls, form: str) -> str:
        if form not in ("iso", "unix", "unix_ms"):
            day = datetime(2026, 11, 2, 4, 5, 6, tzinfo=UTC)
            try:
                read = datetime.strptime(day.strftime(form), form) if "%" in form else None
            except ValueError:
                read = None
            if read is None or (read.month, read.day) != (day.month, day.day):
                raise ValueError(
                    "is none of iso, unix and unix_ms, nor a strptime format such as %Y-%m-%d %H:%M"
                )
        return form

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name:
            zone(name)
        return name
