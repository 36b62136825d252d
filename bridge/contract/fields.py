"""One field of a request: its name, its limits, and how it is read.

The same `Field` rows read the requests, know which names are expected, and describe them in the OpenAPI
document. Numbers may come as text and text as numbers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from . import dates, json_text
from .refusal import Refusal, invalid, missing

Document = Mapping[str, Any]
FieldType = Literal["text", "integer", "flag", "date", "phones", "params", "parts"]

_INTEGER = re.compile(r"(-?[0-9]{1,18})(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class Field:
    """A field as documented. `at_most` counts Unicode code points of a text or bounds an integer.

    `instead` names fields that are read, in order, when this one is absent or empty. `ignored` fields are
    expected and have no effect.
    """

    name: str
    type: FieldType
    about: str
    required: bool = False
    at_most: int | None = None
    instead: tuple[str, ...] = ()
    ignored: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the documented name and the names accepted in its place."""
        return (self.name, *self.instead)


def document(raw: bytes) -> dict[str, Any]:
    """Read a request's body. Returns its fields; a lone `model` object around them is taken off."""
    if not raw.strip():
        raise Refusal("UNREADABLE_BODY", "The request has no body: a JSON object is expected.")
    try:
        value = json_text.decode_bytes(raw)
    except json_text.Unreadable as fault:
        raise Refusal("UNREADABLE_BODY", f"The body of the request is not JSON ({fault}).") from None
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("model"), dict):
        value = value["model"]
    if not isinstance(value, dict):
        raise Refusal("UNREADABLE_BODY", "The body of the request must be a JSON object.")
    return value


def value_of(source: Document, field: Field) -> tuple[str, Any]:
    """Find the first filled one among the field's names. Returns its name and value, else None."""
    for name in field.names:
        value = source.get(name)
        if value is not None and value != "":
            return name, value
    return field.name, None


def text(source: Document, field: Field) -> str:
    """Return the field as text, untrimmed; "" when it is absent and not required."""
    name, value = value_of(source, field)
    if isinstance(value, bool):
        value = "true" if value else "false"
    if value is not None and not isinstance(value, str):
        raise invalid(name, "a text is expected, not a list or an object.")
    if not value or not value.strip():
        if field.required:
            raise missing(field.name)
        return value or ""
    if field.at_most is not None and len(value) > field.at_most:
        raise invalid(name, f"at most {field.at_most} characters are allowed, this has {len(value)}.")
    return value


def name_or_empty(source: Document, field: Field) -> str:
    """Return the field as text without surrounding blanks; the text `null` counts as nothing."""
    value = text(source, field).strip()
    return "" if value == "null" else value


def integer(source: Document, field: Field, default: int = 0) -> int:
    """Return the field as a whole number of at least 0; `default` when it is absent or empty."""
    name, value = value_of(source, field)
    if value is None or (isinstance(value, str) and value.strip() in ("", "null")):
        if field.required:
            raise missing(field.name)
        return default
    match = _INTEGER.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise invalid(name, "a whole number is expected.")
    number = int(match[1])
    if number < 0 or (field.at_most is not None and number > field.at_most):
        upper = f"and at most {field.at_most}" if field.at_most is not None else "or more"
        raise invalid(name, f"the number must be 0 {upper}.")
    return number


def date(source: Document, field: Field) -> datetime:
    """Return the field as an aware datetime."""
    try:
        return dates.read(text(source, field))
    except ValueError:
        raise invalid(field.name, "a date like 2024-01-31 08:00:00 is expected.") from None


def listed(name: str, value: Any) -> Any:
    """Return the value, or what it stands for when it is a JSON text of a list or an object."""
    if not isinstance(value, str):
        return value
    stripped = value.strip()
    if not stripped.startswith(("[", "{")):
        return stripped
    try:
        return json_text.decode(stripped)
    except json_text.Unreadable as fault:
        raise invalid(name, f"the text is not a valid JSON list ({fault}).") from None
