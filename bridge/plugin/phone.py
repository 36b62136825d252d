"""Phone numbers: read by the template's type, written as each side wants them, never shown."""

import re
from typing import NamedTuple

import phonenumbers

from .errors import BadNumber
from .status import TemplateType

_NOISE = str.maketrans("", "", " -()\t\u00a0")
_MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_ABROAD = re.compile(r"(?:\+|00)?([1-9][0-9]{6,14})")


def mask(number: str) -> str:
    """The number with all but its first three and last two characters hidden, short ones whole."""
    if len(number) < 8:
        return "*" * len(number)
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"


class Phone(NamedTuple):
    """A phone number (MSISDN). `raw` is the text as it came, `e164` the number with its plus sign.

    Printing or formatting one shows it masked; use the fields to send it.
    """

    raw: str
    e164: str

    @property
    def digits(self) -> str:
        """Country code and number, no plus: 8613800138000."""
        return self.e164[1:]

    @property
    def national(self) -> str:
        """Mainland numbers as 11 digits, all others as `digits`."""
        return self.e164[3:] if self.e164.startswith("+861") and len(self.e164) == 14 else self.e164[1:]

    def __str__(self) -> str:
        return mask(self.e164)

    def __repr__(self) -> str:
        return f"Phone({mask(self.e164)})"

    def __format__(self, spec: str) -> str:
        return format(mask(self.e164), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phone) and self.e164 == other.e164

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.e164)


def parse(text: str, template_type: TemplateType) -> Phone:
    """Read a number as Quick Audience wrote it; the template's type decides, never the digits.

    14155552671 is a mainland number under a domestic template and an American one under an international
    template. Raises BadNumber, which does not quote the text.
    """
    compact = text.translate(_NOISE)
    if template_type is not TemplateType.INTERNATIONAL:
        match = _MAINLAND.fullmatch(compact)
        if match is None:
            raise BadNumber("The number is not an 11-digit mainland mobile number.")
        return Phone(text, "+86" + match[1])
    match = _ABROAD.fullmatch(compact)
    if match is None:
        raise BadNumber("The number is not a country code followed by a number.")
    e164 = "+" + match[1]
    try:
        possible = phonenumbers.is_possible_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        possible = False
    if not possible:
        raise BadNumber("The number does not exist in the numbering plan of its country.")
    return Phone(text, e164)


def from_vendor(text: str) -> Phone:
    """Read a number as a vendor reports it: with or without plus, 00 or the mainland's country code.

    An 11-digit text that begins like a mainland mobile is taken as one; the bridge compares receipts
    with the numbers of the batch they name, in both readings. Raises BadNumber.
    """
    compact = text.translate(_NOISE)
    if not compact.startswith(("+", "00")):
        match = _MAINLAND.fullmatch(compact)
        if match is not None:
            return Phone(text, "+86" + match[1])
    match = _ABROAD.fullmatch(compact)
    if match is None:
        raise BadNumber("The vendor's report holds no readable number.")
    return Phone(text, "+" + match[1])
