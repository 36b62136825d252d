"""The catalogues hold every text of the console, and nothing that it does not say."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import bridge
from bridge.web.console.language import LANGUAGES, translations
from bridge.web.console.pages.audit import ACTS

from .phrases import CATALOGUES, read, written

_ACT = re.compile(r'''(?:Act|_act|_note)\([^()"]*"([a-z]+(?: [a-z]+)+)"''')
_PLACE = re.compile(r"%\(\w+\)s")


def forms(text: object) -> list[str]:
    """Return a text, or its forms by number."""
    return [str(one or "") for one in (text if isinstance(text, tuple | list) else [text])]


def ids(catalogue: Catalog) -> set[str]:
    return {forms(one.id)[0] for one in catalogue if one.id}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_no_text_is_untranslated(path: Path) -> None:
    """Nor fuzzy; what is not said any more goes. Run tests/web/console/phrases.py, then translate."""
    kept = read(path)
    assert ids(kept) == ids(written())
    for one in kept:
        assert not one.id or (all(forms(one.string)) and not one.fuzzy), one.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_translations_have_the_same_places(path: Path) -> None:
    """A value that stands in the text stands in its translation."""
    for one in read(path):
        for text in forms(one.string):
            assert set(_PLACE.findall(text)) == set(_PLACE.findall(forms(one.id)[-1])), one.id


def test_every_language_has_its_catalogue() -> None:
    """English is what the code says."""
    assert {path.stem for path in CATALOGUES} == set(LANGUAGES) - {"en"}
    assert translations("en").gettext("Overview") == "Overview"
    assert translations("zh-CN").gettext("Overview") == "总览"


def test_every_act_has_its_phrase() -> None:
    """Whatever a service or the ledger writes into the audit."""
    root = Path(bridge.__file__).parent
    sources = [
        path.read_text("utf-8") for part in ("services", "ledger") for path in (root / part).rglob("*.py")
    ]
    found = {name for text in sources for name in _ACT.findall(text)}
    assert len(found) > 15
    assert found <= set(ACTS)
