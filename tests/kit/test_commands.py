"""`sms-bridge plugins verify`: what it says when there is nothing to verify, and when the table fails."""

import re

import pytest
from click.testing import CliRunner, Result

from bridge.channels.catalogue import discover
from bridge.cli import main
from bridge.testing.commands import rung_of

from .conftest import Install

EMPTY = """
from bridge.testing import VendorTests


class TestEmpty(VendorTests):
    vendor = "elks"
    settings = {"username": "u", "password": "elk-pass-1", "base_url": "{url}"}
    cases = []
"""
NO_CAMPAIGN = ("test_elks.py", "    def campaign_answer", "    def _campaign_answer")


def _verify(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plugins", "verify", *arguments])


def _row(name: str) -> list[str]:
    """The first three columns of a vendor in the list of plugins: what it offers, its name, its rung."""
    listed = CliRunner().invoke(main, ["plugins"], env={"COLUMNS": "300"}).output
    line = next(line for line in listed.splitlines() if re.search(rf"\b{name}\b", line))
    return [each.strip() for each in re.split(r" {2,}|[│┃|]", line.strip(" │┃|")) if each.strip()][:3]


@pytest.fixture(autouse=True)
def _importable(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))


def test_an_unknown_vendor_is_told_with_those_there_are() -> None:
    """One sentence, status 2."""
    result = _verify("moon")
    assert result.exit_code == 2
    assert "There is no vendor moon; installed are aliyun, " in result.output


def test_a_vendor_without_a_table_is_told(install: Install, pytester: pytest.Pytester) -> None:
    """Installed without its tests: say where they are."""
    install(plugin="elks")
    result = _verify("elks")
    assert result.exit_code == 2
    assert "No table of elks was found; give the place with --tests." in result.output


def test_a_table_of_another_vendor_is_no_table(install: Install, pytester: pytest.Pytester) -> None:
    """Nothing ran, so nothing is claimed."""
    install(plugin="elks")
    pytester.makepyfile(test_other="from bridge.testing import VendorTests\n\ndef test_other(): pass")
    result = _verify("elks", "--tests", str(pytester.path / "test_other.py"))
    assert result.exit_code == 2
    assert "No table of elks ran." in result.output


def test_a_rung_is_kept_with_the_plugin(
    install: Install, pytester: pytest.Pytester, capfd: pytest.CaptureFixture[str]
) -> None:
    """Silver for the guide's worked vendor, which reviews no templates itself; until its source changes."""
    install(NO_CAMPAIGN, plugin="elks")
    vendor = discover().vendors["elks"]
    assert rung_of(vendor) == "not verified"
    assert _verify("elks", "--tests", str(pytester.path / "test_elks.py")).exit_code == 0
    said = capfd.readouterr().out
    assert "elks: silver" in said
    assert "test_signatures_and_templates_are_reviewed: no row" in said
    assert rung_of(vendor) == "silver"
    assert _row("elks") == ["vendor", "elks", "silver"]
    codes = pytester.path / "bridge_elks" / "codes.py"
    codes.write_text(codes.read_text() + "\n")
    assert rung_of(vendor) == "changed since verified"
    assert _row("elks") == ["vendor", "elks", "changed since verified"]


def test_a_failed_table_keeps_nothing(install: Install, pytester: pytest.Pytester) -> None:
    """Status 1, and the plugin stays unverified."""
    install(plugin="elks")
    pytester.makepyfile(test_empty=EMPTY)
    result = _verify("elks", "--tests", str(pytester.path / "test_empty.py"))
    assert result.exit_code == 1
    assert "The rung is not kept" in result.output
    assert rung_of(discover().vendors["elks"]) == "not verified"
