"""The guide is the recipe: what it tells to type is what ships, and its reference leaves nothing out."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from bridge_http.auth import SCHEMES, Scheme
from bridge_http.commands import recipe
from bridge_http.language.decoding import _STEPS
from bridge_http.language.filters import FILTERS
from bridge_http.language.values import PENDING_FIELDS, RECIPIENT_FIELDS, TEMPLATE_FIELDS
from bridge_http.schema import RecipeTable
from bridge_http.settings import HttpSettings

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "config" / "recipes" / "README.md").read_text(encoding="utf-8")
README = (ROOT / "plugins" / "bridge_http" / "README.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```toml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def lines(text: str) -> list[str]:
    """Return the lines that say something."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_walk_is_the_recipe_that_ships() -> None:
    """The steps put together are telnyx.toml, line by line."""
    walked = [line for fence in FENCES for line in lines(fence)]
    assert walked == lines((ROOT / "config" / "recipes" / "telnyx.toml").read_text(encoding="utf-8"))


def test_the_walk_works_from_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`recipe new`, the steps typed in, `recipe check`: every sample holds."""
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(tmp_path / "bridge.toml"))
    (tmp_path / "recipes").mkdir()
    run = CliRunner().invoke
    assert run(recipe, ["new", "telnyx"]).exit_code == 0
    assert run(recipe, ["check", "telnyx"]).exit_code == 0
    (tmp_path / "recipes" / "telnyx.toml").write_text("\n".join(FENCES), encoding="utf-8")
    result = run(recipe, ["check", "telnyx"])
    assert result.exit_code == 0, result.output
    assert "7 of 7 samples hold" in result.output


def keys(model: type[BaseModel]) -> set[str]:
    """Return every key of every table derived from a model."""
    found = {field.alias or name for name, field in model.model_fields.items()}
    return found.union(*(keys(kind) for kind in model.__subclasses__()))


@pytest.mark.parametrize(
    ("place", "name", "scheme"), [(p, n, s) for p, kinds in SCHEMES.items() for n, s in kinds.items()]
)
def test_every_scheme_has_a_row(place: str, name: str, scheme: type[Scheme]) -> None:
    """A scheme is one file of the folder and one row of its table here."""
    table = GUIDE.partition(f"| `{place}` | keys |")[2].partition("\n\n")[0]
    (row,) = [line for line in table.splitlines() if line.startswith(f"| `{name}` |")]
    named = set(re.findall(r"`([a-z_]+)`", row)) | (
        {*keys(SCHEMES["sign"][name])} if "as above" in row else set()
    )
    wanted = {field.alias or key for key, field in scheme.model_fields.items()} - {"scheme", "needs"}
    assert wanted <= named


def test_the_reference_names_every_key() -> None:
    """A key without a word in the guide does not exist for an operator."""
    words = set(re.findall(r"[A-Za-z_0-9]+", GUIDE))
    assert (keys(RecipeTable) | keys(Scheme)) - words == set()


def test_the_reference_names_every_filter_and_field() -> None:
    """See test_reference for what they do."""
    words = set(re.findall(r"[a-z_0-9]+", GUIDE))
    assert set(FILTERS) - words == set()
    assert (RECIPIENT_FIELDS | TEMPLATE_FIELDS | PENDING_FIELDS) - words == set()
    assert set(_STEPS) - words == set()


def test_the_readme_names_every_setting() -> None:
    """The plugin's own settings are explained beside it."""
    assert all(f"`{name}`" in README for name in HttpSettings.model_fields)
