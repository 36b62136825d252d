"""Files of others that the package keeps: as they were published, each with its licence, and served by us."""

import hashlib
import re
from pathlib import Path

import pytest

import bridge.web.console

from .scene import Scene

CONSOLE = Path(bridge.web.console.__file__).parent
KEPT = CONSOLE / "static" / "vendor"
_LISTED = re.compile(r"(\w{64})  (\S+)")


def test_files_are_as_they_were_published() -> None:
    """Byte for byte what the list says, and nothing beside it."""
    listed = {name: digest for digest, name in _LISTED.findall((KEPT / "sha256sums").read_text())}
    found = {path.relative_to(KEPT).as_posix(): path for path in KEPT.glob("*/*")}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()}


@pytest.mark.parametrize(
    "folder", sorted(path for path in KEPT.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_each_has_its_licence(folder: Path) -> None:
    """Beside it."""
    assert (folder / "LICENSE").read_text().strip()


def test_every_file_that_a_page_names_is_served(scene: Scene) -> None:
    """By this host; browsers keep for long what an upgrade cannot change under the same address."""
    browser = scene.browser("viewer")
    named = set(re.findall(r'(?:src|href)="(/console/static/[^"]+)"', browser.get("/console").text))
    assert len(named) == 6
    for path in named:
        with browser.get(path) as answer:
            assert answer.status_code == 200
            kept = "max-age=31536000" if "/vendor/" in path else "no-cache"
            assert kept in answer.headers["Cache-Control"]
    for path in ("../blueprint.py", "%2e%2e/blueprint.py", "..%2fblueprint.py", "vendor"):
        assert browser.get(f"/console/static/{path}").status_code == 404, path


def test_pages_name_no_other_host() -> None:
    """Nothing is ever asked of one."""
    for path in (CONSOLE / "templates").glob("*.html"):
        assert not re.search(r"https?://|//[a-z]", path.read_text()), path.name
