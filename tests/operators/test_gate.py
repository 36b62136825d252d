"""What the gate and the hooks before a commit promise."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def test_hooks_use_the_formatter_of_the_gate() -> None:
    """A commit that one formatter passes is not turned back by the other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [ruff] = [line for line in project["project"]["optional-dependencies"]["dev"] if line.startswith("ruff")]
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["additional_dependencies"] for hook in hooks if hook["language"] == "python"] == [[ruff]] * 2


@pytest.mark.parametrize(
    ("subject", "status"), [("x" * 72, 0), ("x" * 73, 1), ("short\n\n" + "a long body " * 20, 0)]
)
def test_subjects_are_measured(subject: str, status: int, tmp_path: Path) -> None:
    """The hook reads the message's first line only."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    [entry] = [hook["entry"] for hook in hooks if hook["id"] == "subject"]
    (tmp_path / "message").write_text(subject)
    assert subprocess.run(f"{entry} {tmp_path}/message", shell=True).returncode == status


@pytest.mark.parametrize("script", ["check", "run"])
def test_the_gate_lets_nothing_through(script: str) -> None:
    """No failed command is followed by something that succeeds; only looking for tools may find none."""
    text = (ROOT / ".ci" / script).read_text()
    assert "set -euo pipefail" in text
    assert not re.findall(r"\|\|\s*(?:echo|:|\\?$)", text, re.MULTILINE)
    forgiven = [line.strip() for line in text.splitlines() if "|| true" in line]
    assert all("type -ap" in line for line in forgiven)
