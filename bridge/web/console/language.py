"""The languages of the console: English as it is written in the code, and what Babel's catalogues hold.

What marketers read too, such as why a message failed, is translated with the contract.
"""

import io
from functools import cache
from importlib.resources import files

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Request

from bridge.contract.wording import sentences

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "zh-CN": "中文"}
"""Every language by its tag, under its own name."""


def phrase(text: str) -> str:
    """Return a text as it is; it marks what is shown in the reader's language later."""
    return text


@cache
def translations(language: str) -> NullTranslations:
    """Return the catalogue of a language, read once in each process."""
    if language == ENGLISH:
        return NullTranslations()
    source = files(__package__).joinpath("translations", f"{language}.po")
    with source.open("rb") as text:
        catalogue = read_po(text, locale=language.replace("-", "_"))
    for sentence, translation in sentences(language).items():
        catalogue.add(sentence, translation)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def language_of(request: Request, chosen: str | None) -> str:
    """Return the language a person chose, else the best that the browser asks for."""
    if chosen in LANGUAGES:
        return chosen
    # Any Chinese is better served by ours than by English.
    asked = {**{tag: tag for tag in LANGUAGES}, "zh": "zh-CN", "zh-TW": "zh-CN", "zh-HK": "zh-CN"}
    best = request.accept_languages.best_match(asked, ENGLISH)
    return asked[best]
