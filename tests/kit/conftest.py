"""The plugins the kit is tried on: installed in a folder of their own, with the changes asked for."""

import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Pytest inside pytest forgets what it has imported: what is there before is not read again for every test.
import bridge.testing.ladder.suite
import bridge.testing.play.campaign  # noqa: F401

_HERE = Path(__file__).parent
# Pytest inside pytest finds the bridge imported already, of which it would warn, and sweeps up what earlier
# tests of this process left open, which is none of its own.
_INI = """
[pytest]
filterwarnings =
    error
    ignore:Module already imported:pytest.PytestAssertRewriteWarning
    ignore::pytest.PytestUnraisableExceptionWarning
"""
collect_ignore = ["acme", "elks", "sins"]

Change = tuple[str, str, str]
Install = Callable[..., None]


@pytest.fixture
def swept() -> Iterator[None]:
    """Collect what a sin leaves open in its own test, where that is no fault, and not in a later one."""
    gc.freeze()  # what was there before is no sin's, and to look it over again takes longer than the sin
    yield
    gc.collect()


@pytest.fixture
def install(pytester: pytest.Pytester) -> Install:
    """`install(("acme_sms.py", "old", "new"))`: Acme with these lines changed, importable and registered.

    `install(plugin="elks")` takes another plugin of this folder.
    """

    def put(*changes: Change, plugin: str = "acme") -> None:
        module = {"acme": "acme_sms", "elks": "bridge_elks"}[plugin]
        shutil.copytree(_HERE / plugin, pytester.path, dirs_exist_ok=True)
        for file, old, new in changes:
            _change(pytester.path / file, old, new)
        info = pytester.path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[bridge]\n{plugin} = {module}\n")
        (pytester.path / "pytest.ini").write_text(_INI)
        pytester.syspathinsert()

    return put


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file.name} has no line {old!r}"
    file.write_text(text.replace(old, new), encoding="utf-8")
