"""The file of a send by file: bytes to lines, a line to a number and its values.

A line is a number, with the recipient's values behind it as a JSON object when the template has variables.
Neither separator nor encoding is documented. Nothing, comma, tab, blank or semicolon are taken between the
two, also full-width ones, quotes as spreadsheets write them, and a separator at the end. The encoding is that
of the byte order mark, else the one the answer names, else UTF-8, else GB18030, always strictly: no character
is made up. What servers name of every text file is not believed of Chinese, and no guess is of Big5, or
of Western names: those need an answer that names their encoding.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bridge.plugin import BadNumber, TemplateType
from bridge.plugin.phone import parse

from . import json_text

HEAD = 65_536
"""Bytes of the beginning by which the encoding is told."""
LONGEST_LINE = 16_384

_BAD_LINE = ("BAD_LINE", "The line of the file is not a number followed by a JSON object.")
_BESIDE_NUMBER = ("BAD_LINE", "The line of the file has other digits beside its number.")
_TOO_LONG = ("BAD_LINE", f"The line of the file is longer than {LONGEST_LINE} bytes.")
_UNREADABLE = ("BAD_LINE", "The line of the file is not text in the file's encoding (UTF-8 or GB18030).")
_AMBIGUOUS = (
    "BAD_LINE",
    "The line of the file is UTF-8, other lines are GB18030: save the file in one encoding.",
)

# That of UTF-32 begins as that of UTF-16 does.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]+)", re.IGNORECASE)
_CHINESE = frozenset({"gb2312", "gbk", "gb18030"})
# What servers say of every text file: it is believed where the file is no UTF-8.
_SAID_BY_DEFAULT = frozenset({"iso8859-1", "cp1252", "ascii"})
_SEPARATORS = " \t,;，；"
_ONE_FIELD = re.compile(r'\s*"((?:[^"]|"")*)"[\s,;，；]*', re.DOTALL)
"""A line that a spreadsheet saved as one field, quotes doubled inside."""
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
"""Characters that belong to nobody: no person writes them, a wrong guess makes them."""
_NO_LATIN = re.compile("[\x80-\x9f¢¤¥¦©¬®¯±²³´µ¶¸¹¼½¾×÷]|[a-zß-ÿ][À-Þ]|[ß-ÿ][A-Z]")
"""What Chinese becomes that is read as Latin-1: signs that names do not hold, capitals within words."""
_WESTERN = frozenset("‘’“”–—…€")
_IN_A_WORD = re.compile("[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")
_FREQUENT_GB, _FREQUENT_BIG5 = range(0xB0, 0xD8), range(0xA4, 0xC7)
"""First bytes of the characters that either encoding lists as the frequent ones."""
_BESIDE = re.compile(r"([+＋]?\d{9,})[\s()\-\u2010-\u2015]+\d.*", re.DOTALL)
"""As many digits as the shortest whole number has, and others behind a blank or dash."""
_LINE_END = re.compile(r"\r\n|\r(?!\Z)|\n")


class Encoding(NamedTuple):
    """What may decode a file's lines, tried in order, and how long its byte order mark is.

    `guessed` as GB18030, a line may still be UTF-8 that somebody pasted in; `chinese` when the beginning
    shows that it is Chinese, so that none of its lines is of Western names.
    """

    names: tuple[str, ...]
    mark: int = 0
    guessed: bool = False
    chinese: bool = False

    @property
    def unsure(self) -> bool:
        """True when nobody vouched for the last of the names."""
        return self.guessed or len(self.names) > 1

    @property
    def wide(self) -> bool:
        """True when a character takes two bytes or four, line ends too."""
        return self.names[0].startswith(("utf-16", "utf-32"))

    @property
    def refused(self) -> bool:
        """True for UTF-32, which nothing that Quick Audience takes files from writes."""
        return self.names[0].startswith("utf-32")


class Line(NamedTuple):
    """A line with its end. `size` is what it takes in the file; `data` is cut where it is far too long."""

    data: bytes
    size: int


class FileLine(NamedTuple):
    """What a line says; `phone` is the number as it was written, also of a faulty line.

    `guess` names the encoding of a line that is no UTF-8, and of which nobody vouched for it.
    """

    phone: str
    params: dict[str, str]
    fault: tuple[str, str] | None = None
    guess: str = ""


def encoding_of(head: bytes, content_type: str = "") -> Encoding:
    """Return the encoding of a file from its beginning and its Content-Type."""
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return Encoding((name,), len(mark))
    if len(head) > 3 and head[:4].count(0) == 3 and (head[0] or head[3]):
        return Encoding(("utf-32-le" if head[0] else "utf-32-be",))
    if len(head) > 3 and head[:4].count(0) == 2 and 0 in head[:2]:
        # A line begins with a digit, a quote or a plus: UTF-16 without its mark shows in the first two bytes.
        return Encoding(("utf-16-be" if head[0] == 0 else "utf-16-le",))
    named = _named(content_type)
    if named == "utf-16":
        named = "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
    return _weighed(named, head)


def _weighed(named: str, head: bytes) -> Encoding:
    """Hold what the answer names, or "", against the beginning of the file."""
    guessed, foreign = _guessed(head), _foreign(head)
    chinese = _is_chinese(b"".join(foreign))
    if not named:
        return Encoding(guessed, guessed=guessed == ("gb18030",), chinese=chinese)
    if named == "utf-8" and (chinese or guessed == ("gb18030",)):
        return Encoding((named, "gb18030"), chinese=chinese)
    if named == "gb18030" and not foreign and any(map(_reads_as_utf8, head.splitlines())):
        return Encoding(("utf-8",))  # by chance GB18030 does not read so from its first line to its last
    if named not in _SAID_BY_DEFAULT:
        return Encoding((named,))
    return Encoding(("gb18030",), guessed=True, chinese=True) if chinese else Encoding(("utf-8", named))


def _named(content_type: str) -> str:
    found = _CHARSET.search(content_type)
    try:
        known = codecs.lookup(found[1]) if found else None
        "a".encode(known.name if known else "utf-8")  # LookupError too for what codes no text, such as base64
    except (LookupError, UnicodeError):
        return ""
    name = known.name if known else ""
    return "gb18030" if name in _CHINESE else name


def _foreign(head: bytes) -> list[bytes]:
    """Return the whole lines of a beginning that are no UTF-8."""
    lines = head.splitlines(keepends=True)
    whole = lines if head.endswith((b"\n", b"\r")) else lines[:-1] or lines
    return [line for line in whole if _decoded(line, ("utf-8",)) is None]


def _guessed(head: bytes) -> tuple[str, ...]:
    """Return UTF-8 or GB18030 by what most lines are: a damaged line must not turn all others into noise."""
    lines = [line for line in head.splitlines()[:-1] or [head] if not line.isascii()]
    if not lines:
        return ("utf-8", "gb18030")
    other = [line for line in lines if _decoded(line, ("utf-8",)) is None]
    if 2 * len(other) < len(lines) or _is_big5(b"".join(other)):
        return ("utf-8",)
    if any(_decoded(line, ("gb18030",)) is None for line in other):
        return ("utf-8",)
    return ("gb18030",)


def _decoded(data: bytes, names: tuple[str, ...]) -> str | None:
    for name in names:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return None


def _share(data: bytes, charset: str, leads: range, least: int) -> float:
    """Return the share of frequent ones among the characters of two bytes; -1.0 for what is no such text."""
    text = _decoded(data, (charset,))
    if text is None or _PRIVATE.search(text):
        return -1.0
    pairs = [pair for character in text if len(pair := character.encode(charset)) == 2]
    return sum(pair[0] in leads and pair[1] >= least for pair in pairs) / max(len(pairs), 1)


def _is_chinese(data: bytes) -> bool:
    """Return True for GB18030 whose characters are frequent ones: Latin letters, read so, are not."""
    return _share(data, "gb18030", _FREQUENT_GB, 0xA1) >= 0.5


def _is_big5(data: bytes) -> bool:
    """Return True for Big5, which GB18030 reads as other characters, and as some that belong to nobody."""
    return _share(data, "big5", _FREQUENT_BIG5, 0x40) > _share(data, "gb18030", _FREQUENT_GB, 0xA1)


def _is_made_up(text: str, data: bytes, encoding: Encoding) -> bool:
    """Return True for a line that a guess reads as what nobody writes: it is in another encoding."""
    if _decoded(data, ("utf-8",)) == text:
        return False
    if _decoded(data, ("gb18030",)) == text:
        if _PRIVATE.search(text) or (not encoding.chinese and _is_latin(text, data)):
            return True
        return not encoding.guessed and _is_big5(data)
    return _NO_LATIN.search(text) is not None or _is_chinese(data)


def _is_latin(text: str, data: bytes) -> bool:
    """Return True for Western names, which GB18030 reads as rare characters within a word (M黮ler)."""
    western = _decoded(data, ("cp1252",))
    if western is None or not _IN_A_WORD.search(text) or _NO_LATIN.search(western):
        return False
    names = all(sign.isascii() or sign.isalpha() or sign in _WESTERN for sign in western)
    return names and not _is_chinese(data)


def _reads_as_utf8(data: bytes) -> bool:
    """Return True for a line that is as well UTF-8 with characters of three bytes, as Chinese has them.

    By chance GB18030 reads as such once in many thousand lines; as two-byte characters more often (联通).
    """
    return any(character >= "\u0800" for character in _decoded(data, ("utf-8",)) or "")


def split(pieces: Iterable[bytes], encoding: Encoding) -> Iterator[Line]:
    """Yield the lines of a file; never more than two pieces and a line are held."""
    rest, dropped, begun = b"", 0, b""
    for piece in pieces:
        lines, rest = _cut(rest + piece, encoding)
        if lines and dropped:
            yield Line(begun, dropped + len(lines.pop(0)))
            dropped = 0
        yield from (Line(line, len(line)) for line in lines)
        if len(rest) > LONGEST_LINE:
            begun = begun if dropped else rest[: LONGEST_LINE + 2]
            kept = 4 + len(rest) % 4
            dropped, rest = dropped + len(rest) - kept, rest[-kept:]
    if dropped:
        yield Line(begun, dropped + len(rest))
    elif rest:
        yield Line(rest, len(rest))


def _cut(data: bytes, encoding: Encoding) -> tuple[list[bytes], bytes]:
    """Return the whole lines and what follows the last: it may go on in the next piece."""
    if not encoding.wide:
        lines = data.splitlines(keepends=True)
        return lines[:-1], lines[-1] if lines else b""
    name = encoding.names[0]
    text = data[: len(data) - len(data) % (4 if encoding.refused else 2)].decode(name, "surrogatepass")
    ends = [found.end() for found in _LINE_END.finditer(text)]
    whole = [
        text[start:end].encode(name, "surrogatepass") for start, end in zip([0, *ends], ends, strict=False)
    ]
    return whole, data[sum(map(len, whole)) :]


def read_line(data: bytes, encoding: Encoding) -> FileLine | None:
    """Return what a line says, or None for an empty one."""
    if len(data) > LONGEST_LINE:
        return FileLine(_beginning(data, encoding), {}, _TOO_LONG)
    text = None if encoding.refused else _decoded(data, encoding.names)
    if text is None or (encoding.unsure and _is_made_up(text, data, encoding)):
        return FileLine(_beginning(data, encoding), {}, _UNREADABLE)
    if encoding.guessed and _reads_as_utf8(data):
        return FileLine(_beginning(data, encoding), {}, _AMBIGUOUS)
    guess = encoding.names[-1] if encoding.unsure and _decoded(data, ("utf-8",)) != text else ""
    text = text.strip().strip("\ufeff")
    return _told(text)._replace(guess=guess) if text else None


def _told(text: str) -> FileLine:
    one = _ONE_FIELD.fullmatch(text)
    if one is not None and "{" in one[1]:
        text = one[1].replace('""', '"')
    found = _parts(_without_empty(text.rstrip(_SEPARATORS)))
    if found is None:
        return FileLine(text.partition("{")[0].strip(_SEPARATORS + "\"'")[:32], {}, _BAD_LINE)
    number, written = found
    phone = number.strip().strip("'").strip(_SEPARATORS)
    if column := _column(phone):
        return FileLine(column, {}, _BESIDE_NUMBER)
    if not written:
        return FileLine(phone, {})
    params = _values(written)
    if params is None:
        return FileLine(phone, {}, _BAD_LINE)
    return FileLine(phone, params)


def _without_empty(text: str) -> str:
    """Return a line without the empty fields at its end, as spreadsheets quote those of empty columns."""
    while text.endswith('""') and text[:-2].endswith(tuple(_SEPARATORS)):
        text = text[:-2].rstrip(_SEPARATORS)
    return text


def _column(number: str) -> str:
    """Return the column that is a number by itself, or "" where what stands beside it belongs to the number.

    A tab is never inside a number. Nor are digits that make another one of what was whole before them.
    """
    column, tab, _beside = number.partition("\t")
    if tab:
        return column
    found = _BESIDE.fullmatch(number)
    try:
        return found[1] if found and parse(found[1], TemplateType.INTERNATIONAL) else ""
    except BadNumber:
        return ""


def _parts(text: str) -> tuple[str, str] | None:
    """Return the number of a line and the values as they are written, or None where quotes do not close.

    By hand: a pattern would try every length of a long line's separators.
    """
    start = text.find("{")
    head = text if start < 0 else text[:start]
    if start > 0 and head.count('"') % 2 and head.endswith('"'):  # one that opens the values
        head, start = head[:-1], start - 1
    number = head.strip(_SEPARATORS)
    if number.startswith('="'):  # as spreadsheets are told that a number is a text
        number = number[1:]
    if number.count('"') == 2 and number[0] == number[-1] == '"':
        number = number[1:-1]
    return None if '"' in number else (number, "" if start < 0 else text[start:])


def _beginning(data: bytes, encoding: Encoding) -> str:
    """Return the number at the beginning of a line that cannot be read."""
    text = data[:128].decode(encoding.names[0] if encoding.wide else "ascii", "ignore")
    found = re.match(r"[\s\"'+0-9()-]{0,32}", text)
    return found[0].strip(" \t\r\n\"'") if found else ""


def _values(text: str) -> dict[str, str] | None:
    """Return the values of a JSON object, written plainly or in the quotes of a spreadsheet."""
    candidates = [text]
    if text.startswith('"'):
        candidates = [text[1:-1].replace('""', '"') if text.endswith('"') else ""]
        try:
            inner = json.loads(text)
            candidates.append(inner if isinstance(inner, str) else "")
        except ValueError:
            inner = ""
    elif text.endswith('}"') and '""' in text:
        candidates.append(text[:-1].replace('""', '"'))
    for candidate in candidates:
        try:
            values = json_text.decode(candidate)
        except json_text.Unreadable:
            continue
        if isinstance(values, dict) and not any(isinstance(value, dict | list) for value in values.values()):
            return {str(name): _scalar(value) for name, value in values.items()}
    return None


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
