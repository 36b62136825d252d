"""Vendors that review texts under a signature: `check` asks for `default_sign` where none is named."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.ledger import upgrade

RECIPES = Path("config/recipes")
FILING = {"yunpian", "chuanglan_v1", "luosimao", "submail"}
"""Recipes that write the signature in its brackets, into templates or into texts that the vendor reviews."""
ALIYUN = 'access_key_id = "id"\naccess_key_secret = "secret-0123456789"\n'
EACH = 'related_sign_names = { captcha = "A", notification = "A", promotion = "A" }\n'


def told(tmp_path: Path, vendor: str, settings: str, sign: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """`check` asks for the signature, or need not."""
    config = tmp_path / "bridge.toml"
    config.write_text(f"""
[bridge]
database = "sqlite:///{tmp_path}/bridge.db"
metrics_dir = "{tmp_path}/metrics"
[channels.promo]
platform_name = "Acme SMS"
key = "promo-key-0123456789"
receipts = "pull"
vendor = "{vendor}"
allow_private = true
default_sign = "{sign}"
[channels.promo.settings]
{settings}""")
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(config))
    upgrade(f"sqlite:///{tmp_path}/bridge.db")
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == 0, result.output
    return re.search(r"^! channels\.promo\.default_sign: ", result.output, re.MULTILINE) is not None


def settings_of(recipe: Path) -> str:
    """Settings that this recipe takes, every secret and required value made up."""
    read: dict[str, Any] = tomllib.loads(recipe.read_text())
    secrets = dict.fromkeys(read.get("secrets", {}), "c2VjcmV0LXNlY3JldA==")
    values = dict.fromkeys(read.get("required", {}), "1400006666")
    lines = [f'recipe = "{recipe.stem}"', f"secrets = {_table(secrets)}", f"values = {_table(values)}"]
    if not read["vendor"].get("base_url"):
        lines.append('base_url = "https://sms.example.com"')
    return "\n".join([*lines, "templates = {}"])


def _table(values: dict[str, str]) -> str:
    return "{ " + ", ".join(f'{name} = "{value}"' for name, value in values.items()) + " }"


@pytest.mark.parametrize("sign", ["", "Acme"])
@pytest.mark.parametrize("recipe", sorted(FILING | {"kannel", "tencent"}))
def test_recipes_that_file_under_a_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, sign: str
) -> None:
    """Through the command, as an operator sees it."""
    settings = settings_of(RECIPES / f"{recipe}.toml")
    assert told(tmp_path, "http", settings, sign, monkeypatch) is (recipe in FILING and not sign)


@pytest.mark.parametrize(
    ("settings", "sign", "asked"),
    [
        (ALIYUN, "", True),
        (ALIYUN, "Acme", False),
        (ALIYUN + 'related_sign_name = "Acme"\n', "", False),
        (ALIYUN + EACH, "", False),
        (ALIYUN + 'related_sign_names = { captcha = "A" }\n', "", True),
    ],
    ids=["none", "the channel's", "the plugin's", "one for each type", "one for one type"],
)
def test_aliyun_wants_one_with_each_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, sign: str, asked: bool
) -> None:
    """It refuses new templates without: RelatedSignName is required for mainland templates."""
    assert told(tmp_path, "aliyun", settings, sign, monkeypatch) is asked
