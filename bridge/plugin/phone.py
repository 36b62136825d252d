"""Phone numbers: read by the template's type, written as each side wants them, never shown."""

import re
import unicodedata
from typing import NamedTuple

import phonenumbers

from .errors import BadNumber
from .status import TemplateType

_NOISE = str.maketrans("", "", " -()\x7f" + "".join(map(chr, range(0x20))))
_MAINLAND = re.compile(r"(?:\+86|0086|86)?0?(1[3-9][0-9]{9})")
_INTERNATIONAL = re.compile(r"(?:\+|00)?([1-9][0-9]{6,15})")
# The 1 that international calls to Mexico's mobiles took until 2019 (national plan, from memory): no number
# of today has it, but people and vendors still write it.
_OLD_MEXICAN = re.compile(r"\+521([0-9]{10})")
# Argentina's mobiles have a 9 behind the country code, at home a 15 behind the area's instead; people and
# vendors also write neither, or both. Whom a message is for has a mobile, so all are one number, with the 9.
_ARGENTINE = re.compile(r"\+54([1-8][0-9]{9})")
_ARGENTINE_TWICE = re.compile(r"\+549([0-9]{12})")
_LONGEST = 15  # digits of an E.164 number, country code included
_SILENT = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp", "Pd"})
# Signs of other classes that show nothing (Unicode's Default_Ignorable_Code_Point and the Braille blank), and
# the minus that is typed for a dash.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_MINUS = "\u2212"


def is_silent(sign: str) -> bool:
    """Return True for a character that shows nothing at all: no digit, no mark, no blank."""
    return unicodedata.category(sign) in ("Cf", "Cc") or _UNSEEN.match(sign) is not None


def compact(text: str) -> str:
    """Return the text without what people and spreadsheets put around and between the digits of a number.

    Blanks, brackets and dashes of every kind go, and so do invisible characters (U+200B, U+202D); full-width
    and other digits are read, but no small ones (138² has a footnote) and no circled ones.
    """
    if text.isascii():
        return text.translate(_NOISE).strip()
    return "".join(map(_read, text)).translate(_NOISE)


def _read(char: str) -> str:
    """Return a character as it counts in a number: "" for what shows nothing or stands between digits."""
    value = unicodedata.decimal(char, None)
    if value is not None:
        return str(value)
    if unicodedata.category(char) in _SILENT or char == _MINUS or _UNSEEN.match(char):
        return ""
    plain = unicodedata.normalize("NFKC", char)
    return char if any(map(str.isdecimal, plain)) else plain


def mask(number: str) -> str:
    """Return the number with all but its first three and last two characters hidden, short ones whole."""
    if len(number) < 8:
        return "*" * len(number)
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"


def mask_msisdn(digits: str) -> str:
    """Return a number masked as people write it: mainland ones without country code, others with a plus."""
    phone = Phone(digits, f"+{digits}")
    return mask(phone.e164 if phone.national == digits else phone.national)


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
    number = compact(text)
    if template_type is not TemplateType.INTERNATIONAL:
        match = _MAINLAND.fullmatch(number)
        if match is None:
            raise BadNumber("The number is not an 11-digit mainland mobile number.")
        return Phone(text, "+86" + match[1])
    match = _INTERNATIONAL.fullmatch(number)
    if match is None:
        raise BadNumber("The number is not a country code followed by a number.")
    e164 = _canonical("+" + match[1])
    if e164 is None:
        raise BadNumber("The number does not exist in the numbering plan of its country.")
    return Phone(text, e164)


def _canonical(number: str) -> str | None:
    """Return the one form of a number, or None when its country has no such number.

    A trunk zero that people write behind the country code goes (886 0912 345 678), where it is no part of the
    number: Italy's stays. It goes as well where the country has none (+48 0601 234 567).
    """
    for pattern, country in ((_OLD_MEXICAN, "+52"), (_ARGENTINE_TWICE, "+54")):
        found = pattern.fullmatch(number)
        number = country + found[1] if found else number
    try:
        parsed = _without_zero(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    mobile = _ARGENTINE.fullmatch(e164)
    return f"+549{mobile[1]}" if mobile else e164


def _without_zero(parsed: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """Return a number without a zero that the library kept, where only that makes it one of its country."""
    if not parsed.italian_leading_zero or phonenumbers.is_valid_number(parsed):
        return parsed
    bare = phonenumbers.PhoneNumber(parsed.country_code, parsed.national_number)
    return bare if phonenumbers.is_valid_number(bare) else parsed


def from_vendor(text: str) -> Phone:
    """Read a number as a vendor reports it: with or without plus, 00 or the mainland's country code.

    An 11-digit text that begins like a mainland mobile is taken as one; the bridge compares receipts
    with the numbers of the batch they name, in both readings. The form is the one that `parse` gives; what
    no numbering plan knows keeps its digits. Raises BadNumber.
    """
    number = compact(text)
    if not number.startswith(("+", "00")):
        match = _MAINLAND.fullmatch(number)
        if match is not None:
            return Phone(text, "+86" + match[1])
    match = _INTERNATIONAL.fullmatch(number)
    if match is None:
        raise BadNumber("The vendor's report holds no readable number.")
    e164 = _canonical("+" + match[1])
    if e164 is None and len(match[1]) > _LONGEST:
        raise BadNumber("The vendor's report holds no readable number.")
    return Phone(text, e164 or "+" + match[1])
