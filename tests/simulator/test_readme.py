"""The front door tells the truth: its configuration loads, its links lead somewhere."""

import re
from pathlib import Path

import pytest

from bridge.channels import discover
from bridge.settings import load

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text("utf-8")


def test_the_configuration_on_one_page_is_valid(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    path = tmp_path / "bridge.toml"
    path.write_text(found[1], "utf-8")
    names = re.findall(r"env:(\w+)", found[1])
    settings = load(path, dict.fromkeys(names, "0123456789abcdef"))
    channel = settings.channels["promo"]
    catalogue = discover()
    assert channel.vendor in catalogue.vendors
    assert set(channel.policies) <= set(catalogue.policies)
    catalogue.vendors[channel.vendor].settings_model.model_validate(channel.settings)


def test_every_vendor_is_listed() -> None:
    listed = set(re.findall(r"^\| \[?`(\w+)`", TEXT, re.MULTILINE))
    assert listed == set(discover().vendors)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", TEXT))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (README.parent / target).exists()
