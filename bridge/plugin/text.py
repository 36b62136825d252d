"""Template texts: placeholders, rendering, segments and the opt-out suffix."""

import re
import unicodedata
from collections.abc import Mapping

from .errors import MissingVariable
from .status import TemplateType

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
# Characters that nobody sees (those of Unicode's classes Cc and Cf, and what selects a form) and blanks.
_UNSEEN = (
    r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufe00-\ufe0f\ufeff"
)
_OPENING = re.compile(rf"[$＄﹩][{_UNSEEN}]*[{{｛﹛]")
_IN_NAME = rf"[^{_UNSEEN}{{}}｛｝﹛﹜$＄﹩]"
_WELL_FORMED = re.compile(rf"\$\{{{_IN_NAME}(?:(?:{_IN_NAME}| )*{_IN_NAME})?\}}")

# The suffixes in use among mainland vendors (help.aliyun.com 44357 and vendors' rules, read 2026-11).
OPT_OUT_SUFFIXES = ("拒收请回复R", "回T退订", "退订回T", "回TD退订", "退订回N")
OPT_OUT_WORDS = frozenset(
    {
        "R",
        "T",
        "TD",
        "N",
        "退订",
        "退訂",
        "STOP",
        "STOPALL",
        "STOP ALL",
        "UNSUBSCRIBE",
        "CANCEL",
        "END",
        "QUIT",
    }
    | {"OPT OUT", "OPT-OUT", "OPTOUT"}
)
"""What mainland suffixes ask for, and the words that North American carriers and their vendors obey by
default (help.twilio.com 223134027, read 2026-11)."""

# GSM 03.38 basic set and extension; a character of the extension takes two places.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_AROUND = " .,!?;:'\"。，！？；：、“”‘’()[]【】「」『』《》〈〉<>*-_~"
_ASKED = re.compile(r"^请?回复? ?")
"""What a text asks for, copied with its word."""
_GSM7_EXTENSION = frozenset("^{}[]~\\|€")


class TextContent:
    """A template's content, split once so that rendering a recipient is a join.

    Values are never expanded again: a recipient called `${code}` gets exactly that.
    """

    __slots__ = ("_pieces", "variables")

    def __init__(self, content: str) -> None:
        self._pieces = _PLACEHOLDER.split(content)
        self.variables: tuple[str, ...] = tuple(dict.fromkeys(self._pieces[1::2]))

    def render(self, params: Mapping[str, str]) -> str:
        """Return the content with each placeholder replaced; raises MissingVariable, which names it."""
        pieces = self._pieces
        if len(pieces) == 1:
            return pieces[0]
        try:
            return "".join(params[piece] if index & 1 else piece for index, piece in enumerate(pieces))
        except KeyError as missing:
            raise MissingVariable(f"The recipient has no value for the variable {missing.args[0]}.") from None


def variables(content: str) -> tuple[str, ...]:
    """Return the names in `${name}` placeholders, in order of first appearance."""
    return TextContent(content).variables


def placeholder_fault(content: str) -> str:
    """Return what is wrong with the first bad placeholder and where, or "" when every one can be filled.

    Such a template would be approved and then fail every recipient, or show them its inside.
    """
    for match in _OPENING.finditer(content):
        written = content[match.start() :]
        if _WELL_FORMED.match(written) is None:
            shown = written[: min((written + "}").index("}") + 1, 20)]
            return f"character {match.start() + 1}: `{shown}` is no placeholder: write ${{name}}."
    return ""


def bare_sign(name: str) -> str:
    """Return a signature's name without surrounding blanks and without one outer pair of 【】 or []."""
    name = name.strip()
    if len(name) > 2 and (name[0], name[-1]) in (("【", "】"), ("[", "]")):
        return name[1:-1].strip()
    return name


def signed(sign_name: str, text: str, template_type: TemplateType) -> str:
    """Return the text as the handset shows it: 【name】 in front (international: [name] for English)."""
    if not sign_name:
        return text
    if template_type is TemplateType.INTERNATIONAL and sign_name.isascii():
        return f"[{sign_name}]{text}"
    return f"【{sign_name}】{text}"


def segments(text: str, template_type: TemplateType) -> int:
    """Return how many parts the whole text (signature included) is sent and billed in; at least 1.

    Mainland: 70 characters, or 67 a part (help.aliyun.com 44335). International: GSM-7 160/153 with extension
    characters counting two, otherwise UCS-2 70/67 in UTF-16 units.
    """
    if template_type is not TemplateType.INTERNATIONAL:
        return _parts(len(text), 70, 67)
    chars = set(text)
    if chars <= _GSM7 | _GSM7_EXTENSION:
        return _parts(len(text) + sum(text.count(char) for char in chars & _GSM7_EXTENSION), 160, 153)
    return _parts(len(text.encode("utf-16-be")) // 2, 70, 67)


def gsm7(text: str) -> bool:
    """Tell if a text fits the GSM-7 alphabet with its extension, so that it needs no Unicode.

    Not the same as ASCII: `é` and `€` are in it, a backtick is not.
    """
    return set(text) <= _GSM7 | _GSM7_EXTENSION


def _parts(length: int, single: int, part: int) -> int:
    return 1 if length <= single else -(-length // part)


def with_opt_out(content: str, suffix: str, template_type: TemplateType) -> str:
    """Return the content with `suffix` at its end, for promotional texts that carry no known suffix yet."""
    if not suffix or template_type is not TemplateType.PROMOTION:
        return content
    if content.rstrip().endswith((*OPT_OUT_SUFFIXES, suffix)):
        return content
    return content + suffix


def is_opt_out(reply: str, configured: str = "") -> bool:
    """Return True for a reply that asks to be left alone: a known word, whatever its width and case."""
    word = _word(reply)
    return word in OPT_OUT_WORDS or (word != "" and word == _word(configured))


def _word(text: str) -> str:
    """Return a reply as one word: without marks, quotes and what nobody sees around it."""
    seen = (character for character in unicodedata.normalize("NFKC", text) if not _unseen(character))
    word = _ASKED.sub("", " ".join("".join(seen).upper().split()), count=1)
    bare = word.strip(_AROUND)
    if not bare.isascii():
        return bare.replace(" ", "")
    if bare in ("T", "R") and word.strip(" .。") == bare:
        return bare
    return bare if len(bare) > 1 else word  # "N!" may be an answer to something else


def _unseen(character: str) -> bool:
    return character == "\0" or unicodedata.category(character) in ("Cf", "Mn")
