"""The parts of a digital template: text, pictures, sound and video, in order."""

import re
from typing import Any

from bridge.plugin import DigitalPart
from bridge.plugin.text import placeholder_fault

from . import fields
from .fields import Document, Field, listed
from .refusal import Refusal, invalid, missing

CONTENT = Field("templateContent", "parts", "The parts in order, as a list or its JSON text.", required=True)
INDEX = Field("index", "integer", "The place of the part.")
SUFFIX = Field("fileSuffix", "text", "txt for a text, otherwise the media's file extension.", required=True)
CONTENTS = Field("fileContents", "text", "The text itself, or the media's address.", required=True)
FILE_NAME = Field("fileName", "text", "The file's name.", at_most=255)
FILE_SIZE = Field("fileSize", "text", "Not trusted: the download is measured.", ignored=True)
PART_FIELDS = (SUFFIX, FILE_NAME, FILE_SIZE, CONTENTS, INDEX)

_SUFFIX = re.compile(r"[a-z0-9]{1,10}")
_MEDIA_URL = re.compile(r"https?://\S{1,2000}", re.IGNORECASE)


def read(source: Document) -> tuple[DigitalPart, ...]:
    """Return the parts in the order of their index; without one, in the order of the list."""
    value = listed(CONTENT.name, source.get(CONTENT.name))
    if value is None or value in ("", []):
        raise missing(CONTENT.name)
    if not isinstance(value, list):
        raise invalid(CONTENT.name, "a list of parts is expected.")
    numbered = [_part(item, position) for position, item in enumerate(value, 1)]
    return tuple(part for _, part in sorted(numbered, key=lambda pair: pair[0]))


def _part(item: Any, position: int) -> tuple[int, DigitalPart]:
    if not isinstance(item, dict):
        raise invalid(CONTENT.name, f"part {position} is not an object.")
    try:
        index = fields.integer(item, INDEX, default=position)
        suffix = fields.text(item, SUFFIX).strip().removeprefix(".").lower()
        name, contents = fields.text(item, FILE_NAME), fields.text(item, CONTENTS)
    except Refusal as refusal:
        raise invalid(CONTENT.name, f"part {position}, {refusal.message}") from None
    if _SUFFIX.fullmatch(suffix) is None:
        raise invalid(CONTENT.name, f"part {position}, {SUFFIX.name}: this is no file extension.")
    if suffix == "txt":
        if fault := placeholder_fault(contents):
            raise invalid(CONTENT.name, f"part {position}, {fault}")
        return index, DigitalPart(suffix, name, text=contents)
    url = contents.strip()
    if _MEDIA_URL.fullmatch(url) is None:
        raise invalid(CONTENT.name, f"part {position}, {CONTENTS.name}: the address of a file is expected.")
    return index, DigitalPart(suffix, name, url=url)
