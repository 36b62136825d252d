"""A person's number in what others wrote: recognized however its digits are set apart or escaped."""

import json
import re
import unicodedata
from typing import Any

from ...plugin import BadNumber, Phone, TemplateType
from ...plugin.masking import unescaped
from ...plugin.phone import parse

_TAIL = 8
_LONGEST = 18
"""The digits of the longest writing: 15, with 00 before them and a zero behind the country code."""
_NO_DIGIT = re.compile(r"\D")
_DIGITS = re.compile(r"[0-9]+")
# What may stand between two groups of one number's digits. A letter ends the number.
_GAP = re.compile(r"[^0-9A-Za-z]{1,4}")


def is_number_of(raw: str, phone: Phone, kind: TemplateType | None = None) -> bool:
    """Return whether a number that somebody wrote is the person's; without a kind in any reading."""
    digits = _NO_DIGIT.sub("", _in_ascii(raw))
    if digits[-_TAIL:] != phone.digits[-_TAIL:]:
        return False
    if digits in (phone.digits, phone.national):
        return True
    for reading in TemplateType if kind is None else (kind,):
        try:
            if parse(raw, reading).digits == phone.digits:
                return True
        except BadNumber:
            continue
    return False


def names(text: str, phone: Phone) -> bool:
    """Return whether the person's number stands anywhere in a text.

    Longer runs of digits that only contain it are something else.
    """
    plain = _in_ascii(unescaped(_in_ascii(text)))
    tail = phone.digits[-_TAIL:]
    if tail not in _NO_DIGIT.sub("", plain):
        return False
    return any(tail in "".join(groups) and _among(groups, phone) for groups in _neighbours(plain))


def without(content: bytes, phone: Phone) -> bytes | None:
    """Return a page without the records that name the person, or None where nothing else can be kept.

    A record is an item of the outermost list: what the person wrote may stand anywhere in it.
    """
    text = content.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except ValueError:
        return None if names(text, phone) else content
    if not _holds(document, phone):
        return content
    kept = _kept(document, phone)
    return None if kept is None else json.dumps(kept).encode()


def _in_ascii(text: str) -> str:
    """Return a text with the digits of other alphabets as ours."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in plain)


def _neighbours(text: str) -> list[list[str]]:
    """Return the groups of digits in a text, those together that may be one number's."""
    found: list[list[str]] = []
    end = -1
    for group in _DIGITS.finditer(text):
        if found and _GAP.fullmatch(text, end, group.start()):
            found[-1].append(group[0])
        else:
            found.append([group[0]])
        end = group.end()
    return found


def _among(groups: list[str], phone: Phone) -> bool:
    for first in range(len(groups)):
        written = ""
        for group in groups[first:]:
            written += group
            if len(written) > _LONGEST:
                break
            if is_number_of(written, phone):
                return True
    return False


def _holds(value: Any, phone: Phone) -> bool:
    if isinstance(value, dict):
        return any(names(key, phone) or _holds(one, phone) for key, one in value.items())
    if isinstance(value, list):
        return any(_holds(one, phone) for one in value)
    return isinstance(value, str | int | float) and names(str(value), phone)


def _kept(value: Any, phone: Phone) -> Any:
    """Return a value that names the person without the records that do; None if it is no list of records."""
    if isinstance(value, list):
        # Items that are no records may belong to those of another list beside it: their places must stay.
        if not all(isinstance(one, dict) for one in value):
            return None
        return [one for one in value if not _holds(one, phone)] or None
    if not isinstance(value, dict):
        return None
    kept = {}
    for key, one in value.items():
        mine = _holds(one, phone)
        kept[key] = _kept(one, phone) if mine else one
        if names(key, phone) or (mine and kept[key] is None):
            return None
    return kept
