"""Phone numbers in other people's sentences, masked: as runs of digits, and as people write them apart."""

import re
from html import unescape
from urllib.parse import unquote

from .phone import is_silent, mask

# Aliyun's codes of templates (SMS_154950909), and moments written without a gap.
_CODE = r"""
    (?P<code>(?<![0-9A-Za-z_])SMS_\d{5,10}(?!\w)
        | (?<![\d+])20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?!\d))
"""
_RUN = re.compile(rf"{_CODE} | \+?\d{{7,}}", re.VERBOSE)

# A mainland mobile number hides wherever it stands, even inside a longer word. Other runs of 7 to 15 digits
# count as numbers when they stand alone: base-36 references and hexadecimal ids must survive. Digits that
# stand apart are `mask_apart`'s.
_NUMBER = re.compile(
    rf"""
      {_CODE}
    | (?<!\d)(?:\+?86|0086)?1[3-9]\d{{9}}(?!\d)
    | (?<![0-9A-Za-z.])(?:%2[Bb]|\\u002[Bb]|\+)?\d{{7,15}}(?![0-9A-Za-z]|\.(?!0(?![0-9]))\d)
    | (?:%2[Bb]|\\u002[Bb])\d{{7,15}}(?!\d)
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
    | (?P<sure>(?<!\d)1[3-9]\d[ .\-/_]\d{{4}}[ .\-/_]\d{{4}}(?!\d)
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

# What addresses, JSON and Python write for the signs between a number's digits, and what nobody sees there.
_WRITTEN = re.compile(
    r"""
      (?P<url>(?:%[0-9A-Fa-f]{2})+)
    | (?P<escape>(?:\\+u[0-9A-Fa-f]{4} | \\+x[0-9A-Fa-f]{2})+)
    | (?P<html>&\#[0-9]{1,6}; | &\#[xX][0-9A-Fa-f]{1,5}; | &nbsp;)
    | (?P<form>(?<=\d)\+(?=[\d(%]))
    | (?P<colour>\x1b\[[0-9;]*[A-Za-z])
    | (?P<sign>[\x00-\x08\x0e-\x1f\x7f-\xa0\xad\xb7\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f
        \u2000-\u200f\u2022\u2027-\u202f\u205f-\u206f\u2212\u2800\u3000\u30fb\u3164\ufe00-\ufe0f\ufeff\uffa0
        \ufff9-\ufffb\U000e0000-\U000e0fff])
    """,
    re.VERBOSE,
)
_ESCAPES = re.compile(r"\\+[ux]([0-9A-Fa-f]+)")
_BETWEEN = frozenset("-\u00b7\u2027\u2022\u30fb\u2212")


def mask_sentence(text: str) -> str:
    """Return a vendor's sentence with everything masked that may be a phone number.

    Any run of seven digits counts, and digits that stand apart as those of a number do (138 0013 8000). Dates
    and prices stay.
    """
    return _RUN.sub(_unless_code, mask_apart(_unfolded(text, _RUN)))


def mask_numbers(text: str) -> str:
    """Return a text of ours with phone numbers masked, however written; references and short ids stay."""
    return _NUMBER.sub(_unless_code, mask_apart(_unfolded(text, _NUMBER)))


def mask_apart(text: str) -> str:
    """Return the text with numbers masked that are written with blanks, dashes, dots or brackets."""
    return _APART.sub(_masked, text) if _SEVEN_DIGITS.search(text) else text


def unescaped(text: str) -> str:
    """Return a text with the escapes read that may stand for a number's digits, or for what is between."""
    pieces = list(_WRITTEN.finditer(text))
    return _read(text, pieces)[0] if pieces else text


def _unless_code(found: re.Match[str]) -> str:
    return found[0] if found["code"] else mask(found[0])


def _unfolded(text: str, runs: re.Pattern[str]) -> str:
    """Return the text with those numbers masked, too, whose digits or gaps are written as escapes."""
    pieces = list(_WRITTEN.finditer(text))
    if not pieces:
        return text
    plain, places, ends = _read(text, pieces)
    if plain == text or not _SEVEN_DIGITS.search(plain):
        return text
    spans = [
        found.span()
        for pattern, change in ((_APART, _masked), (runs, _unless_code))
        for found in pattern.finditer(plain)
        if change(found) != found[0]
    ]
    for start, end in sorted(_merged(spans), reverse=True):
        first, last = places[start], ends[end - 1]
        text = text[:first] + mask(text[first:last]) + text[last:]
    return text


def _read(text: str, pieces: list[re.Match[str]]) -> tuple[str, list[int], list[int]]:
    """Return a text with its escapes read, and where each of its characters was written, from and to."""
    plain: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def keep(start: int, end: int) -> None:
        plain.extend(text[start:end])
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))

    at = 0
    for piece in pieces:
        keep(at, piece.start())
        read = _meant(piece)
        plain.extend(read)
        starts.extend([piece.start()] * len(read))
        at = piece.end()
        ends.extend([at] * len(read))
    keep(at, len(text))
    return "".join(plain), starts, ends


def _meant(piece: re.Match[str]) -> str:
    """Return what a piece stands for: signs between digits as blanks, what nobody sees as nothing."""
    written = piece[0]
    if piece["form"] or piece["colour"]:
        return " "
    if piece["url"]:
        written = unquote(written)
    elif piece["escape"]:
        written = "".join(chr(int(code, 16)) for code in _ESCAPES.findall(written))
    elif piece["html"]:
        written = unescape(written)
    return "".join(map(_plainly, written))


def _plainly(sign: str) -> str:
    if sign in _BETWEEN:
        return "-"
    if sign.isspace():
        return " "
    return "" if is_silent(sign) else sign


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


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
