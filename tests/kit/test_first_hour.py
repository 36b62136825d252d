"""The author's guide followed from an empty folder to silver, by its own commands and in its own order."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from .environments import environment, install, run

GUIDE = (Path(__file__).parents[2] / "plugins" / "README.md").read_text(encoding="utf-8")
WORKED = Path(__file__).parent / "elks"
STEPS = {
    "settings.py": "bridge_elks/settings.py",
    "codes.py": "bridge_elks/codes.py",
    "tests/test_elks.py": "test_elks.py",
    "vendor.py": "bridge_elks/vendor.py",
}
"""What the guide has an author write, and where the worked vendor has it."""


def _commands(heading: str) -> list[list[str]]:
    """Return the lines of the first shell block under a heading."""
    block = GUIDE.partition(f"\n## {heading}\n")[2].partition("```sh\n")[2].partition("```")[0]
    return [shlex.split(line, comments=True) for line in block.splitlines()]


class Author:
    """Somebody at a terminal in an empty folder."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.python = python

    def types(self, command: list[str]) -> str:
        """Type one command of the guide; return what it printed."""
        match command:
            case ["pip", "install", "qa-sms-bridge[testing]"]:
                return ""  # the environment sees the bridge
            case ["pip", "install", *what]:
                install(self.python, *what, cwd=self.folder)
                return ""
            case ["cd", place]:
                self.folder /= place
                return ""
            case ["pytest"]:
                return run(self.python, "-m", "pytest", cwd=self.folder)
            case ["sms-bridge", *rest]:
                return run(self.python, "-m", "bridge.cli", *rest, cwd=self.folder)
        raise AssertionError(f"the guide has a command that nobody tried: {command}")


@pytest.mark.slow
@pytest.mark.rehearsal
def test_the_guide_leads_from_an_empty_folder_to_silver(tmp_path: Path) -> None:
    """Bronze as written, then each file in the guide's order, then verified and shown."""
    author = Author(tmp_path, environment(tmp_path / "venv"))
    told = [author.types(command) for command in _commands("The first hour: bronze")]
    assert "elks: bronze" in told[-1]
    ordered = re.findall(r"^[0-9]\. `([a-z_./]+)`", GUIDE.partition("make it your vendor's")[2], re.MULTILINE)
    assert ordered == list(STEPS)
    for name in ordered:
        place = author.folder / (name if name.startswith("tests/") else f"bridge_elks/{name}")
        shutil.copy(WORKED / STEPS[name], place)
    shutil.copy(WORKED / "README.md", author.folder / "README.md")  # it must name each setting
    table = author.folder / "tests" / "test_elks.py"
    # The campaign is a rule of gold, which takes minutes; 46elks ends at silver with it and without.
    table.write_text(table.read_text().replace("def campaign_answer", "def _campaign_answer"))
    verified, listed = [author.types(command) for command in _commands("The ladder")]
    assert "elks: silver" in verified
    assert re.search(r"\bvendor +elks +silver\b", listed), listed
