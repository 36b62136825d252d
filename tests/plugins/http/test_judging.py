"""The page that says what each recipe was judged by is what the tests do."""

from pathlib import Path

import pytest

from bridge_http.reading import load

from . import judging
from .judges import JUDGES

GUIDE = judging.FOLDER / "README.md"
FILES = sorted(judging.FOLDER.glob("*.toml"))


def test_the_page_is_current() -> None:
    """Renew it: python -m tests.plugins.http.judging config/recipes/README.md."""
    guide = GUIDE.read_text(encoding="utf-8")
    assert "<!-- judged -->" in guide
    assert judging.renewed(guide) == guide


def test_a_judge_judges_a_recipe_that_ships() -> None:
    judging.page()
    assert {judge.recipe for judge in JUDGES} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_payloads_of_the_vendor_are_there(path: Path) -> None:
    """Our own alone share what we have misread."""
    assert any(sample.source for sample in load(path).samples)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_source_has_its_date(path: Path) -> None:
    """A page changes: when it was read, or the version of the client, belongs to it."""
    for sample in load(path).samples:
        assert not sample.source or any(part.isdigit() for part in sample.source), sample.name
