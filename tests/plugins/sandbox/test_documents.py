"""The README says what the code does, and the carrier stands on its own feet."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import bridge_sandbox
from bridge_sandbox.carrier.faults import FaultRates
from bridge_sandbox.carrier.rules import DELIVERED, FAILURES
from bridge_sandbox.codes import STATUSES
from bridge_sandbox.settings import SandboxSettings

ROOM = Path(bridge_sandbox.__file__).parent
README = (ROOM / "README.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \|(?: `([^`]*)` \|)?", re.MULTILINE)


def test_the_readme_lists_every_setting_with_its_default() -> None:
    documented = dict(ROW.findall(README))
    for name, field in SandboxSettings.model_fields.items():
        if field.is_required():
            assert f"| `{name}` | required |" in README
        elif name != "account":
            assert documented[name] == str(field.default).lower(), name
    assert "| `account` | the channel's name |" in README


def test_the_readme_lists_every_fault() -> None:
    documented = set(dict(ROW.findall(README.partition("## Faults")[2])))
    assert documented == {field.name for field in fields(FaultRates)}


def test_the_carrier_imports_nothing_of_the_bridge() -> None:
    """Else it would be no witness: what it remembers must not pass through the code under test."""
    files = sorted((ROOM / "carrier").glob("*.py"))
    assert len(files) > 5
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level < 2, path.name
                names = [node.module or ""] if node.level == 0 else []
            assert not [name for name in names if name.partition(".")[0].startswith("bridge")], path.name


def test_the_plugin_knows_every_code_the_carrier_reports() -> None:
    assert set(STATUSES) == {DELIVERED, *FAILURES}
