"""Template texts: placeholders, rendering, segments and the opt-out suffix."""

import re
import unicodedata
from collections.abc import Mapping

from .errors import MissingVariable
from .status import TemplateType

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")

# The suffixes in use among mainland vendors (help.aliyun.com 44357 and vendors' rules, read 2026-11).
OPT_OUT_SUFFIXES = ("拒收请回复R", "回T退订", "退订回T", "回TD退订", "退订回N")
OPT_OUT_WORDS = frozenset({"R", "T", "TD", "N", "退订"})

# GSM 03.38 basic set and extension; a character of the extension takes two places.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
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
        """The content with each placeholder replaced; raises MissingVariable naming the placeholder."""
        pieces = self._pieces
        if len(pieces) == 1:
            return pieces[0]
        try:
            return "".join(params[piece] if index & 1 else piece for index, piece in enumerate(pieces))
        except KeyError as missing:
            raise MissingVariable(f"The recipient has no value for the variable {missing.args[0]}.") from None


def variables(content: str) -> tuple[str, ...]:
    """The names in `${name}` placeholders, in order of first appearance."""
    return TextContent(content).variables


def bare_sign(name: str) -> str:
    """A signature's name without surrounding blanks and without one outer pair of 【】 or []."""
    name = name.strip()
    if len(name) > 2 and (name[0], name[-1]) in (("【", "】"), ("[", "]")):
        return name[1:-1].strip()
    return name


def signed(sign_name: str, text: str, template_type: TemplateType) -> str:
    """The text as the handset shows it: 【name】 in front; [name] for a plain English name abroad."""
    if not sign_name:
        return text
    if template_type is TemplateType.INTERNATIONAL and sign_name.isascii():
        return f"[{sign_name}]{text}"
    return f"【{sign_name}】{text}"


def segments(text: str, template_type: TemplateType) -> int:
    """How many parts the whole text (signature included) is sent and billed in; at least 1.

    Mainland: 70 characters, or 67 a part (help.aliyun.com 44335). Abroad: GSM-7 160/153 with extension
    characters counting two, otherwise UCS-2 70/67 in UTF-16 units.
    """
    if template_type is not TemplateType.INTERNATIONAL:
        return _parts(len(text), 70, 67)
    chars = set(text)
    if chars <= _GSM7 | _GSM7_EXTENSION:
        return _parts(len(text) + sum(text.count(char) for char in chars & _GSM7_EXTENSION), 160, 153)
    return _parts(len(text.encode("utf-16-be")) // 2, 70, 67)


def _parts(length: int, single: int, part: int) -> int:
    return 1 if length <= single else -(-length // part)


def with_opt_out(content: str, suffix: str, template_type: TemplateType) -> str:
    """The content with `suffix` at its end, for promotional texts that carry no known suffix yet."""
    if not suffix or template_type is not TemplateType.PROMOTION:
        return content
    if content.rstrip().endswith((*OPT_OUT_SUFFIXES, suffix)):
        return content
    return content + suffix


def is_opt_out(reply: str, configured: str = "") -> bool:
    """True for a reply that asks to be left alone: exactly a known word, whatever its width and case."""
    word = _word(reply)
    return word in OPT_OUT_WORDS or (word != "" and word == _word(configured))


def _word(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()
