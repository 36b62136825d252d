"""Phone numbers in other people's sentences, masked: as runs of digits, and as people write them apart."""

import re

from .phone import mask

_RUN = re.compile(r"\+?\d{7,}")

# A mainland mobile number hides wherever it stands, even inside a longer word. Other runs of 7 to 15 digits
# count as numbers when they stand alone: base-36 references and hexadecimal ids must survive. Digits that
# stand apart are `mask_apart`'s.
_NUMBER = re.compile(
    r"""
      (?<!\d)(?:\+?86|0086)?1[3-9]\d{9}(?!\d)
    | (?<![0-9A-Za-z.])(?:%2[Bb]|\\u002[Bb]|\+)?\d{7,15}(?![0-9A-Za-z]|\.\d)
    | (?:%2[Bb]|\\u002[Bb])\d{7,15}(?!\d)
    """,
    re.VERBOSE,
)

# Dates, times behind them and addresses of machines are looked for first, and stay.
_KEPT = r"""
    (?<![\d.+-])(?:19|20)\d\d(?P<gap>[-./])(?:0?[1-9]|1[0-2])(?P=gap)(?:0?[1-9]|[12]\d|3[01])(?!\d)
        (?:[ T]\d\d:\d\d(?::\d\d)?)?
    | (?<![\d.+-])(?:0?[1-9]|[12]\d|3[01])(?P<mark>[-./])(?:0?[1-9]|1[0-2])(?P=mark)(?:19|20)\d\d(?![\d-])
    | (?<![\d.+])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)
"""
_GAP = r"[ \t\u00a0\u2009\u202f\u3000()\-\u2010-\u2015]"
_APART = re.compile(
    rf"""
      (?P<kept>{_KEPT})
    | (?P<sure>(?<!\d)1[3-9]\d[ .\-]\d{{4}}[ .\-]\d{{4}}(?!\d)
        | (?<![0-9A-Za-z])\(?\d{{3}}\)?[ .\-]{{1,2}}\d{{3}}[ .\-]\d{{4}}(?!\d))
    | (?P<plus>\+\d(?:(?:{_GAP}|\.){{0,3}}\d){{6,14}})
    | (?<![0-9A-Za-z.])(?<!\d[-:])(?P<blank>\(?\d{{1,8}}(?:{_GAP}{{1,3}}\d{{1,8}}){{1,14}})
        (?![0-9A-Za-z]|[.,:-]\d)
    | (?<![0-9A-Za-z.])(?<!\d[-:,])(?P<dot>\d{{1,4}}(?:\.\d{{2,4}}){{2,5}})(?![0-9A-Za-z]|[.,:-]\d)
    """,
    re.VERBOSE,
)
_SEVEN_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
"""What every number has: most texts have not, and need no closer look."""
_GROUPS = re.compile(r"\d+")
_MAINLAND = re.compile(r"(?:86|0086)?1[3-9]\d{9}")
_LEAST, _MOST = 9, 15
_YEAR = re.compile(r"(?:19|20)\d\d")


def mask_sentence(text: str) -> str:
    """Return a vendor's sentence with everything masked that may be a phone number.

    Any run of seven digits counts, and digits that stand apart as those of a number do (138 0013 8000). Dates
    and prices stay.
    """
    return _RUN.sub(lambda found: mask(found[0]), mask_apart(text))


def mask_numbers(text: str) -> str:
    """Return a text of ours with phone numbers masked, however written; references and short ids stay."""
    return _NUMBER.sub(lambda found: mask(found[0]), mask_apart(text))


def mask_apart(text: str) -> str:
    """Return the text with numbers masked that are written with blanks, dashes, dots or brackets."""
    return _APART.sub(_masked, text) if _SEVEN_DIGITS.search(text) else text


def _masked(found: re.Match[str]) -> str:
    written = found[0]
    if found["kept"]:
        return written
    sure = found["sure"] or found["plus"]
    numbered = sure or _is_number(_GROUPS.findall(written), dotted=found["dot"] is not None)
    return mask(written) if numbered else written


def _is_number(groups: list[str], *, dotted: bool) -> bool:
    """Tell a phone number from counts and prices by how its digits are grouped."""
    lengths = [len(group) for group in groups]
    if lengths == [4, 4] and not dotted:  # eight digits, as in Hong Kong; two years are a span
        return not all(map(_YEAR.fullmatch, groups))
    if not _LEAST <= sum(lengths) <= _MOST:
        return False
    if groups[0].startswith("0") or _MAINLAND.fullmatch("".join(groups)):
        return True
    if max(lengths) < 3 or lengths[0] > 4:  # a list of small numbers, or of codes
        return False
    thousands = dotted and lengths[0] < 3 and set(lengths[1:]) == {3}
    return not thousands
