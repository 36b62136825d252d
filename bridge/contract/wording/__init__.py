"""What marketers read, in the language of their channel.

The bridge writes its sentences in English wherever they arise, and keeps them so; they are said in another
language when they leave for Quick Audience. What is not the bridge's own, such as a vendor's words, stays.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Literal

from . import chinese

Language = Literal["en", "zh-CN"]

_SENTENCES: Mapping[str, Mapping[str, str]] = {"en": {}, "zh-CN": chinese.SENTENCES}
_PIECES: Mapping[str, Mapping[str, str]] = {"en": {}, "zh-CN": chinese.PIECES}
_PLACE = re.compile(r"%\((\w+)\)s")
_OF_A_FIELD = re.compile(r"([A-Za-z]\w*): (.+)", re.DOTALL)
_PARTS = frozenset({"kind", "rest", "rule", "side"})
"""Places of a sentence that hold a further piece of it, not a name or a number."""
_WRITTEN_BY_OTHERS = frozenset({"code", "name", "shown"})
"""Places of what may hold blanks."""
_DEEPEST = 4
_KEPT = 4096


def sentences(language: str) -> Mapping[str, str]:
    """Return every sentence of the bridge with its translation, "%(name)s" where values stand."""
    return _SENTENCES[language]


@lru_cache(_KEPT)
def say(sentence: str, language: Language, _depth: int = 0) -> str:
    """Return a sentence in a language; one that is not the bridge's own comes back as it is."""
    if language == "en" or _depth > _DEEPEST:
        return sentence
    known, patterns = _known(language, within=_depth > 0)
    if sentence in known:
        return known[sentence]
    for pattern, translation in patterns:
        if found := pattern.fullmatch(sentence):
            values = {
                name: say(value, language, _depth + 1) if name in _PARTS else value
                for name, value in found.groupdict().items()
            }
            return translation % values
    return _of_a_field(sentence, language, _depth)


def _of_a_field(sentence: str, language: Language, depth: int) -> str:
    """Return a sentence behind a field's name in a language; the name stays as the contract writes it."""
    found = _OF_A_FIELD.fullmatch(sentence)
    if found is None:
        return sentence
    said = say(found[2], language, depth + 1)
    return sentence if said == found[2] else f"{found[1]}: {said}"


@cache
def _known(
    language: Language, *, within: bool
) -> tuple[Mapping[str, str], list[tuple[re.Pattern[str], str]]]:
    """Return what can be said, and as patterns what has values in it; pieces only `within` a sentence."""
    known = {**_SENTENCES[language], **(_PIECES[language] if within else {})}
    patterns = [(_pattern(one), said) for one, said in known.items() if _PLACE.search(one)]
    return known, patterns


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = _PLACE.split(sentence)
    written = (_place(piece) if place & 1 else re.escape(piece) for place, piece in enumerate(pieces))
    return re.compile("".join(written), re.DOTALL)


def _place(name: str) -> str:
    return rf"(?P<{name}>.+?)" if name in _PARTS | _WRITTEN_BY_OTHERS else rf"(?P<{name}>\S+?)"
