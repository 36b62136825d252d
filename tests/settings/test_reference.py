"""config/bridge.toml is the settings' reference: complete, true, and a file that loads."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, SecretStr

from bridge.channels import discover, open_channels
from bridge.settings import (
    BridgeSettings,
    ChannelSettings,
    ConsoleSettings,
    PriceSettings,
    SignOnSettings,
    cautions,
    load,
)
from bridge.settings.accounts import AccountSettings, RouteSettings
from tests.channels.tiny import NoHistory

REFERENCE = Path(__file__).parents[2] / "config" / "bridge.toml"
EXAMPLE = "channels.demo"

# What the runnable example sets for itself; everything else must show its default.
EXAMPLES_OWN = {"platform_name", "key", "vendor", "receipts", "allow_private", "default"}
# Without a default to show: only the sentence is compared.
WITHOUT_DEFAULT: dict[type[BaseModel], set[str]] = {
    ChannelSettings: {"callback_key", "timezone"},
    AccountSettings: {"vendor", "rate_per_s", "burst", "concurrency"},
    RouteSettings: {"accounts"},
}
BY_EXAMPLE = {"secret", "sign_on", "issuer", "client_id", "client_secret", "roles"}
# Tables, shown as such.
TABLES = {"signs", "policy_settings", "settings", "accounts"}
SET: dict[type[BaseModel], set[str]] = {
    BridgeSettings: set(),
    ConsoleSettings: set(),
    SignOnSettings: set(),
    ChannelSettings: EXAMPLES_OWN | TABLES,
    AccountSettings: set(),
    RouteSettings: set(),
    PriceSettings: {"price", "currency"},
}
# The console's tables are off; what must be set there is shown by example.
MODELS: list[tuple[type[BaseModel], str]] = [
    (BridgeSettings, "bridge"),
    (ConsoleSettings, "console"),
    (SignOnSettings, "console.sign_on"),
    (ChannelSettings, EXAMPLE),
    (AccountSettings, f"{EXAMPLE}.accounts.spare"),
    (RouteSettings, f"{EXAMPLE}.routes"),
    (PriceSettings, "prices"),
]

_HEADING = re.compile(r"(?P<off># )?\[+(?P<name>[a-z_.]+)\]+")
_SETTING = re.compile(r"(?P<off># )?(?P<key>[a-z0-9_]+) = (?P<value>.+)")


class Shown(NamedTuple):
    """A setting as the file shows it."""

    sentence: str
    value: Any
    live: bool


def shown(table: str) -> dict[str, Shown]:
    """Return every setting of a table with the comment above it."""
    return dict(_settings_of(table))


def _settings_of(table: str) -> Iterator[tuple[str, Shown]]:
    section = ""
    comment: list[str] = []
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            section = heading["name"]
            parent, _, name = section.rpartition(".")
            if parent == table and "[[" not in line:
                yield name, Shown(" ".join(comment), {}, live=not heading["off"])
        match = _SETTING.fullmatch(line)
        if match and section == table and (comment or not match["off"]):
            value = tomllib.loads(f"value = {match['value']}")["value"]
            yield match["key"], Shown(" ".join(comment), value, live=not match["off"])
        if line.startswith("# ") and not match and not heading:
            comment.append(line[2:])
        else:
            comment = []


def default_of(model: type[BaseModel], key: str) -> Any:
    default = model.model_fields[key].get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, tuple):
        return list(default)
    return default if isinstance(default, bool | int | float | dict) else str(default)


CASES = [(model, table, key) for model, table in MODELS for key in model.model_fields]


@pytest.mark.parametrize(("model", "table", "key"), CASES)
def test_every_setting_is_shown_with_its_sentence_and_default(
    model: type[BaseModel], table: str, key: str
) -> None:
    """The comment is the model's own sentence; a setting behind a # shows the default."""
    setting = shown(table)[key]
    description = model.model_fields[key].description
    assert description
    assert setting.sentence == " ".join(description.split())
    own = key in SET[model]
    assert setting.live is own
    by_example = key in WITHOUT_DEFAULT.get(model, ())
    by_example |= model in (ConsoleSettings, SignOnSettings) and key in BY_EXAMPLE
    if not own and not by_example:
        assert setting.value == default_of(model, key)


@pytest.mark.parametrize(("model", "table"), MODELS)
def test_nothing_else_is_shown(model: type[BaseModel], table: str) -> None:
    """A setting that was removed from the model disappears from the file."""
    assert set(shown(table)) == set(model.model_fields)


def test_the_file_opens_its_channel() -> None:
    """As it stands it has no fault and nothing to caution against; its plugins accept it."""
    settings = load(REFERENCE, {})
    assert list(cautions(settings)) == []
    assert set(open_channels(settings, discover(), lambda name: NoHistory())) == {"demo"}


def test_the_channels_in_comments_would_load(tmp_path: Path) -> None:
    """The examples of real vendors are right, once their variables are set."""
    text = REFERENCE.read_text(encoding="utf-8")
    examples = text[text.index("# Channels of real vendors begin like this.") :]
    path = tmp_path / "bridge.toml"
    path.write_text("\n".join(line.removeprefix("#").strip() for line in examples.splitlines()[1:]))
    variables = set(re.findall(r"env:([A-Z_]+)", examples))
    sids = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_MESSAGING_SERVICE": "MG" + "0" * 32}
    settings = load(path, {name: f"{name.lower()}_0123456789" for name in variables} | sids)
    assert set(open_channels(settings, discover(), lambda name: NoHistory())) == {
        "promo",
        "global",
        "safe",
    }
