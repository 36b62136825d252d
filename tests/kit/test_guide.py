"""The author's guide says what the code says, and its worked vendor works."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import bridge.plugin
from bridge.cli import main
from bridge.plugin.hookspecs import OPERATIONS
from bridge.testing import VendorTests
from bridge.testing.reference import renewed

from .conftest import Install

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "plugins" / "README.md"


def test_the_generated_parts_are_current() -> None:
    """Hooks, errors, rules and the worked vendor; write them anew with the command the guide ends with."""
    text = GUIDE.read_text(encoding="utf-8")
    assert renewed(text, ROOT) == text, "run: python -m bridge.testing.reference plugins/README.md"


def test_every_hook_is_in_the_reference() -> None:
    """Signature included."""
    text = GUIDE.read_text(encoding="utf-8")
    for name in (*OPERATIONS, "register_vendors", "register_policies", "screen_batch", "on_event"):
        assert f"### {name}\n\n```python\n{name}(" in text


def test_every_attribute_of_a_table_is_explained() -> None:
    """What the class says, in the guide as in the code."""
    text = GUIDE.read_text(encoding="utf-8").partition("### What the class says")[2].partition("\n## ")[0]
    explained = set(re.findall(r"`([a-z_]+)", text))
    fixed = {"over", "emulator", "cases", "campaign_sign"}
    offered = {name for name in VendorTests.__annotations__ | _inherited() if not name.startswith("_")}
    assert offered - fixed <= explained


def _inherited() -> dict[str, object]:
    found: dict[str, object] = {}
    for each in VendorTests.__mro__:
        found |= getattr(each, "__annotations__", {})
    return found


def test_every_class_the_guide_names_exists() -> None:
    """An error or type in backticks is one of bridge.plugin."""
    text = GUIDE.read_text(encoding="utf-8").partition("## A worked vendor")[0]
    named = set(re.findall(r"`((?:Vendor|Webhook|Outcome|Credentials|Health|NotAcc|Message)[A-Za-z]+)", text))
    assert named - {"VendorTests"} <= set(bridge.plugin.__all__)


def test_the_configuration_to_try_it_with_has_no_fault(
    install: Install, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written for the worked vendor; `serve` makes the database that is missing."""
    install(plugin="elks")
    part = GUIDE.read_text(encoding="utf-8").partition("\n## In a bridge\n")[2]
    (pytester.path / "try.toml").write_text(part.partition("```toml\n")[2].partition("```")[0])
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(pytester.path / "try.toml"))
    monkeypatch.chdir(pytester.path)
    assert CliRunner().invoke(main, ["db", "upgrade"]).exit_code == 0
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == 0, result.output
