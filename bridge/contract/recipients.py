"""The two long lists of a send: phone numbers, and the values of each recipient.

Written for lists of 100,000: whole-list checks run in C, and only lists that need mending are walked.
"""

import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

from .fields import Document, Field, listed
from .refusal import Refusal, invalid, missing

PHONES = Field("phoneNumberJson", "phones", "The recipients' phone numbers.", required=True)
PARAMS = Field(
    "templateParamJson",
    "params",
    "The values of the template's variables: one object for each number, in the order of the numbers, or a "
    "single object for all of them.",
)

_COMMA = re.compile("[,，]")


def phones(source: Document) -> list[str]:
    """Return the phone numbers as they were written; from a list, its JSON text, or a text with commas."""
    value = listed(PHONES.name, source.get(PHONES.name))
    if value is None:
        raise missing(PHONES.name)
    if isinstance(value, str):
        value = [part.strip() for part in _COMMA.split(value) if part.strip()]
    if not isinstance(value, list):
        raise invalid(PHONES.name, "a list of phone numbers is expected.")
    if not value:
        raise missing(PHONES.name)
    if set(map(type, value)) != {str}:
        position = next(index for index, item in enumerate(value, 1) if type(item) is not str)
        raise invalid(PHONES.name, f"entry {position} of the list is not a phone number.")
    return value


def params(source: Document, count: int) -> list[dict[str, str]]:
    """Return the values for `count` recipients: as long as the numbers, or empty when there are none.

    A single object is repeated by reference: `count` places, one object.
    """
    value = listed(PARAMS.name, source.get(PARAMS.name))
    if value is None or value in ("", "null", []):
        return []
    if isinstance(value, dict):
        return [_mended(value, 1)] * count
    if not isinstance(value, list):
        raise invalid(PARAMS.name, "a list of objects is expected, one for each phone number.")
    if len(value) != count:
        raise Refusal(
            "PARAMS_MISMATCH",
            f"{PARAMS.name} holds the values of {len(value)} recipients, "
            f"but {PHONES.name} holds {count} numbers.",
        )
    if _all_text(value):
        return value
    return [_mended(item, position) for position, item in enumerate(value, 1)]


def _all_text(items: list[Any]) -> bool:
    if set(map(type, items)) != {dict}:
        return False
    return set(map(type, chain.from_iterable(map(dict.values, items)))) <= {str}


def _mended(item: Any, position: int) -> dict[str, str]:
    if item is None or item == "":
        return {}
    item = listed(PARAMS.name, item)
    if not isinstance(item, Mapping):
        raise invalid(PARAMS.name, f"entry {position} of the list is not an object.")
    return {name: _scalar(name, value, position) for name, value in item.items()}


def _scalar(name: str, value: Any, position: int) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    raise invalid(PARAMS.name, f"entry {position} of the list: a value is a list or an object.")
