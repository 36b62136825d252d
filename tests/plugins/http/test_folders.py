"""Files that a channel's settings name lie beside the configuration, wherever the bridge was started."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge_http.settings import HttpSettings

from .making import HEAD, SEND

CONFIGURED, HERE = "configured", "here"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that holds both: that of the configuration, and where the bridge is started."""
    for name in (CONFIGURED, HERE):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(tmp_path / CONFIGURED / "bridge.toml"))
    monkeypatch.chdir(tmp_path / HERE)
    return tmp_path


# Where the files lie, and which are taken; the directory of a process counts as in earlier versions.
ROWS = [((CONFIGURED,), CONFIGURED), ((CONFIGURED, HERE), CONFIGURED), ((HERE,), HERE)]


@pytest.mark.parametrize(("there", "taken"), ROWS)
def test_a_relative_path_starts_at_the_configuration(
    there: tuple[str, ...], taken: str, places: Path
) -> None:
    """The recipe's own file, and certificates."""
    for folder in there:
        (places / folder / "own.toml").write_text(HEAD.replace('"Acme"', f'"{folder}"') + SEND)
        (places / folder / "ca.pem").touch()
    settings = HttpSettings(recipe="own.toml", ca_file="ca.pem", secrets={"key": "k" * 8})
    assert Path(settings.ca_file).resolve() == places / taken / "ca.pem"
    assert settings.compiled.recipe.vendor.title == taken


def test_where_a_recipe_was_looked_for_is_told(places: Path) -> None:
    """Both folders, for who wrote a path expected one of them."""
    with pytest.raises(ValidationError, match=f"from {places / CONFIGURED} and {places / HERE}"):
        HttpSettings(recipe="own.toml")
