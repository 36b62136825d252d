"""How a page looks to one reader: its templates in the reader's language."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from bridge.contract import wording
from bridge.services.desk.operating import Own
from bridge.services.desk.signing_in import Role
from bridge.services.setup.live import DETAILS, SENTENCES

from . import charts
from .language import ENGLISH, LANGUAGES, phrase, translations
from .tables import Cell, Facts, Moment, Share

_PLACE = re.compile(r"%\((\w+)\)s")
_ROLES = {
    Role.VIEWER: phrase("viewer"),
    Role.OPERATOR: phrase("operator"),
    Role.ADMIN: phrase("admin"),
}


@cache
def _templates(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(
        kind=lambda cell: type(cell).__name__,
        number=_number,
        cut=_cut,
        zones=_zones,
        pairs=lambda texts: [(text, text) for text in texts],
        percent=_percent,
        # For phrases that the code marked: they are not formatted, so that a percent sign may stand in them.
        say=partial(_spoken, language=language),
        facts=partial(_facts, language=language),
    )
    environment.globals.update(charts=charts, languages=LANGUAGES, role_names=_ROLES)
    return environment


class ReaderView:
    """The pages as one reader sees them."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._templates = _templates(language)

    def page(self, template: str, facts: Mapping[str, object]) -> str:
        """Return a page as HTML."""
        return self._templates.get_template(template).render(facts, language=self.language)

    def say(self, text: str, values: Mapping[str, object]) -> str:
        """Return a phrase in the reader's language, with values in it."""
        spoken = translations(self.language)
        told = {
            name: _spoken(one, self.language) if isinstance(one, Own) else one for name, one in values.items()
        }
        return spoken.gettext(text) % told if told else spoken.gettext(text)


def _said(text: str, language: str) -> str:
    """Return a text that no catalogue holds whole with its values, if marketers read it."""
    return wording.say(text, "zh-CN" if language == "zh-CN" else "en")


def _spoken(text: str, language: str) -> str:
    """Return a phrase, or a sentence with its values, in a language."""
    if not text or language == ENGLISH:
        return text
    for pattern, translation in _with_values(language):
        if found := pattern.fullmatch(text):
            return translation % found.groupdict()
    return _said(translations(language).gettext(text), language)


@cache
def _with_values(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return what is kept with values in it, as a pattern, and how it is said in a language."""
    spoken = translations(language)
    return [(_pattern(one), spoken.gettext(one)) for one in (*SENTENCES, *DETAILS) if _PLACE.search(one)]


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = _PLACE.split(sentence)
    written = (rf"(?P<{one}>.+?)" if place & 1 else re.escape(one) for place, one in enumerate(pieces))
    return re.compile("".join(written), re.DOTALL)


def _facts(facts: Facts, language: str) -> str:
    """Return an object as people read it, with what the bridge says in it in a language."""
    if not facts.sayable or language == ENGLISH or not isinstance(facts.data, Mapping):
        return facts.text
    told = {
        name: _spoken(value, language) if name in facts.sayable and isinstance(value, str) else value
        for name, value in facts.data.items()
    }
    return json.dumps(told, ensure_ascii=False).strip("{}")


def _zones(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Return the names of the time zones in which these rows tell times."""
    return sorted({str(cell.zone) for row in rows for cell in row if isinstance(cell, Moment) and cell.text})


def _percent(part: float | Share | None) -> str:
    part = part.part if isinstance(part, Share) else part
    return "" if part is None else f"{part:.1%}"


def _cut(text: str, most: int) -> str:
    """Return the beginning of a text that takes more bytes than that, if any limit is set."""
    written = text.encode()
    if not most or len(written) <= most:
        return text
    return written[:most].decode("utf-8", "ignore") + "…"


def _number(count: int) -> str:
    return f"{count:,}"
