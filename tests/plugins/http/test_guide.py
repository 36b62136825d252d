"""The guide is the recipe: what it tells to type is what ships, and its reference leaves nothing out."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from bridge_http import schema, schema_auth, schema_base, schema_reports, schema_request, schema_samples
from bridge_http.commands import recipe
from bridge_http.decoding import _STEPS
from bridge_http.filters import FILTERS
from bridge_http.settings import HttpSettings
from bridge_http.values import PENDING_FIELDS, RECIPIENT_FIELDS, TEMPLATE_FIELDS

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "config" / "recipes" / "README.md").read_text(encoding="utf-8")
README = (ROOT / "plugins" / "bridge_http" / "README.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```toml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
MODULES = (schema, schema_auth, schema_base, schema_reports, schema_request, schema_samples)


def lines(text: str) -> list[str]:
    """The lines that say something."""
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
    assert "4 of 4 samples hold" in result.output


def keys() -> set[str]:
    """Every key of every table."""
    found: set[str] = set()
    for module in MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel:
                found |= {field.alias or name for name, field in value.model_fields.items()}
    return found


def test_the_reference_names_every_key() -> None:
    """A key without a word in the guide does not exist for an operator."""
    words = set(re.findall(r"[A-Za-z_0-9]+", GUIDE))
    assert keys() - words == set()


def test_the_reference_names_every_filter_and_field() -> None:
    """Digests are named by their family."""
    words = set(re.findall(r"[a-z_0-9]+", GUIDE))
    plain = {name for name in FILTERS if not name.startswith("hmac_") and not name.endswith("_raw")}
    assert plain - words == set()
    assert (RECIPIENT_FIELDS | TEMPLATE_FIELDS | PENDING_FIELDS) - words == set()
    assert set(_STEPS) - words == set()


def test_the_readme_names_every_setting() -> None:
    """The plugin's own settings are explained beside it."""
    assert all(f"`{name}`" in README for name in HttpSettings.model_fields)
