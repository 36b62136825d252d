"""How a page looks to one reader: its templates in the reader's language."""

from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from bridge.contract import wording
from bridge.services.desk.operating import Own
from bridge.services.desk.signing_in import Role

from . import charts
from .language import LANGUAGES, phrase, translations
from .tables import Cell, Moment, Share

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
    found = translations(language)
    environment.filters.update(
        kind=lambda cell: type(cell).__name__,
        number=_number,
        zones=_zones,
        pairs=lambda texts: [(text, text) for text in texts],
        percent=_percent,
        # For phrases that the code marked: they are not formatted, so that a percent sign may stand in them.
        say=lambda text: _said(found.gettext(text), language) if text else "",
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
        told = {name: spoken.gettext(one) if isinstance(one, Own) else one for name, one in values.items()}
        return spoken.gettext(text) % told if told else spoken.gettext(text)


def _said(text: str, language: str) -> str:
    """Return a text that no catalogue holds whole with its values, if marketers read it."""
    return wording.say(text, "zh-CN" if language == "zh-CN" else "en")


def _zones(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Return the names of the time zones in which these rows tell times."""
    return sorted({str(cell.zone) for row in rows for cell in row if isinstance(cell, Moment) and cell.text})


def _percent(part: float | Share | None) -> str:
    part = part.part if isinstance(part, Share) else part
    return "" if part is None else f"{part:.1%}"


def _number(count: int) -> str:
    return f"{count:,}"
